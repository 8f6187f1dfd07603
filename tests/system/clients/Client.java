// Java's HttpClient, which offers HTTP/2 with every request:
// java Client.java BASE PICTURE LABEL LARGE ITS-LABEL HUGE

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;

public class Client {
    static final HttpClient CLIENT = HttpClient.newHttpClient();
    static final String BOUNDARY = "the-boundary";

    public static void main(String[] given) throws Exception {
        String base = given[0];
        Path picture = Path.of(given[1]), large = Path.of(given[3]), huge = Path.of(given[5]);
        String form = "multipart/form-data; boundary=" + BOUNDARY;

        var one = new ByteArrayOutputStream();
        file(one, "file", picture);
        end(one);
        var several = new ByteArrayOutputStream();
        file(several, "files", picture);
        file(several, "files", large);
        field(several, "labels", given[2]);
        field(several, "labels", given[4]);
        end(several);

        post(base + "/predict", form, BodyPublishers.ofByteArray(one.toByteArray()));
        post(base + "/predict", "image/png", BodyPublishers.ofInputStream(() -> stream(picture)));
        post(base + "/upload", form, BodyPublishers.ofByteArray(several.toByteArray()));
        post(base + "/retrain", "application/json", BodyPublishers.ofString("{\"epochs\": 0}"));
        post(base + "/predict", "image/png", BodyPublishers.ofFile(huge));
    }

    static void post(String address, String kind, BodyPublisher body) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(address)).header("Content-Type", kind).POST(body).build();
        var answer = CLIENT.send(request, BodyHandlers.ofString());
        System.out.println(answer.body() + " " + answer.statusCode());
    }

    static java.io.InputStream stream(Path path) {
        try {
            return Files.newInputStream(path);
        } catch (IOException error) {
            throw new RuntimeException(error);
        }
    }

    static void file(ByteArrayOutputStream form, String name, Path path) throws IOException {
        part(form, "name=\"" + name + "\"; filename=\"" + path.getFileName() + "\"", Files.readAllBytes(path));
    }

    static void field(ByteArrayOutputStream form, String name, String value) throws IOException {
        part(form, "name=\"" + name + "\"", value.getBytes());
    }

    static void part(ByteArrayOutputStream form, String names, byte[] content) throws IOException {
        form.write(("--" + BOUNDARY + "\r\nContent-Disposition: form-data; " + names + "\r\n\r\n").getBytes());
        form.write(content);
        form.write("\r\n".getBytes());
    }

    static void end(ByteArrayOutputStream form) throws IOException {
        form.write(("--" + BOUNDARY + "--\r\n").getBytes());
    }
}
