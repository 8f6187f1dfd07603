<?php
// PHP's curl: php client.php BASE PICTURE LABEL LARGE ITS-LABEL HUGE
[, $base, $picture, $label, $large, $its_label, $huge] = $argv;
$curl = curl_init();

function post(string $path, array $options): void
{
    global $base, $curl;
    curl_reset($curl);
    curl_setopt_array($curl, [CURLOPT_URL => $base . $path, CURLOPT_RETURNTRANSFER => true, CURLOPT_NOPROXY => '*']);
    curl_setopt_array($curl, $options);
    $text = curl_exec($curl);
    if ($text === false) {
        exit('error: ' . curl_error($curl));
    }
    echo $text, ' ', curl_getinfo($curl, CURLINFO_RESPONSE_CODE), "\n";
}

function kind(string $type): array
{
    return [CURLOPT_HTTPHEADER => ["Content-Type: $type"]];
}

post('/predict', [CURLOPT_POSTFIELDS => ['file' => new CURLFile($picture)]]);
$sent = [CURLOPT_UPLOAD => true, CURLOPT_CUSTOMREQUEST => 'POST', CURLOPT_INFILE => fopen($picture, 'rb')];
post('/predict', $sent + kind('image/png'));
// A field of an array has one value: to send two of a name there is no other way.
$files = ['files[0]' => new CURLFile($picture), 'files[1]' => new CURLFile($large)];
post('/upload', [CURLOPT_POSTFIELDS => $files + ['labels[0]' => $label, 'labels[1]' => $its_label]]);
post('/retrain', [CURLOPT_POSTFIELDS => '{"epochs": 0}'] + kind('application/json'));
post('/predict', [CURLOPT_POSTFIELDS => file_get_contents($huge)] + kind('image/png'));
