// Go's net/http: go run client.go BASE PICTURE LABEL LARGE ITS-LABEL HUGE
package main

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"mime/multipart"
	"net/http"
	"os"
	"strings"
)

var base = os.Args[1]

func main() {
	picture, label, large, itsLabel, huge := os.Args[2], os.Args[3], os.Args[4], os.Args[5], os.Args[6]

	kind, body := form("file", []string{picture}, nil)
	post("/predict", kind, body)
	// A reader of an unknown kind has no length: the body is sent in chunks.
	post("/predict", "image/png", io.MultiReader(open(picture)))
	kind, body = form("files", []string{picture, large}, []string{label, itsLabel})
	post("/upload", kind, body)
	post("/retrain", "application/json", strings.NewReader(`{"epochs": 0}`))
	post("/predict", "image/png", bytes.NewReader(read(huge)))
}

func post(path string, kind string, body io.Reader) {
	answer, err := http.Post(base+path, kind, body)
	check(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	check(err)
	fmt.Println(string(text), answer.StatusCode)
}

func form(field string, files []string, labels []string) (string, io.Reader) {
	var body bytes.Buffer
	writer := multipart.NewWriter(&body)
	for _, name := range files {
		part, err := writer.CreateFormFile(field, name)
		check(err)
		_, err = part.Write(read(name))
		check(err)
	}
	for _, label := range labels {
		check(writer.WriteField("labels", label))
	}
	check(writer.Close())
	return writer.FormDataContentType(), &body
}

func open(name string) io.Reader {
	file, err := os.Open(name)
	check(err)
	return file
}

func read(name string) []byte {
	data, err := os.ReadFile(name)
	check(err)
	return data
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
