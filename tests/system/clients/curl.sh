# curl: sh curl.sh BASE PICTURE LABEL LARGE ITS-LABEL HUGE [options of curl], see test_clients.py.
base=$1 picture=$2 label=$3 large=$4 its_label=$5 huge=$6
shift 6

call() {
    curl --silent --show-error --noproxy '*' --write-out ' %{http_code}\n' "$@"
}

call "$@" -F "file=@$picture" "$base/predict"
call "$@" -X POST -H 'Content-Type: image/png' -T - "$base/predict" <"$picture"
call "$@" -F "files=@$picture" -F "files=@$large" -F "labels=$label" -F "labels=$its_label" "$base/upload"
call "$@" -H 'Content-Type: application/json' -d '{"epochs": 0}' "$base/retrain"
call "$@" -H 'Content-Type: image/png' --data-binary "@$huge" "$base/predict"
