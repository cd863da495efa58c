package dev.gapless.homeserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** A client of one node's homeserver API. Immutable. */
final class HomeserverClient {
  private static final HttpClient HTTP =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(5))
          .build();

  private final URI base;
  private final Optional<String> token;

  HomeserverClient(URI base, Optional<String> token) {
    this.base = base;
    this.token = token;
  }

  HomeserverClient with(String bearer) {
    return new HomeserverClient(base, Optional.of(bearer));
  }

  HomeserverClient anonymous() {
    return new HomeserverClient(base, Optional.empty());
  }

  URI base() {
    return base;
  }

  HttpResponse<String> put(String user, String path, String body) {
    return put(user, path, body.getBytes(StandardCharsets.UTF_8));
  }

  HttpResponse<String> put(String user, String path, byte[] body) {
    return send(
        request(path).header("pubky-host", user).PUT(HttpRequest.BodyPublishers.ofByteArray(body)));
  }

  /** Writes a file that must be accepted. */
  void write(String user, String path) {
    assertThat(put(user, path, "content of " + path).statusCode()).isEqualTo(201);
  }

  void writeAll(String user, List<String> paths) {
    paths.forEach(path -> write(user, path));
  }

  HttpResponse<String> del(String user, String path) {
    return send(request(path).header("pubky-host", user).DELETE());
  }

  /** Deletes a file that must exist. */
  void delete(String user, String path) {
    assertThat(del(user, path).statusCode()).isEqualTo(204);
  }

  HttpResponse<String> get(String user, String path) {
    return send(request(path).header("pubky-host", user));
  }

  HttpResponse<String> head(String user, String path) {
    return send(
        request(path)
            .header("pubky-host", user)
            .method("HEAD", HttpRequest.BodyPublishers.noBody()));
  }

  HttpResponse<String> get(String target) {
    return send(request(target));
  }

  HttpResponse<String> feed(String query) {
    return get("/events/" + (query.isEmpty() ? "" : "?" + query));
  }

  /** A feed page that must be answered, line by line. */
  List<String> feedLines(String query) {
    HttpResponse<String> response = feed(query);
    assertThat(response.statusCode()).isEqualTo(200);
    return response.body().isEmpty() ? List.of() : List.of(response.body().split("\n", -1));
  }

  /** The cursor at which the feed ends now. */
  String feedEnd() {
    String cursor = "0";
    while (true) {
      List<String> lines = feedLines("limit=1000&cursor=" + cursor);
      if (lines.isEmpty()) {
        return cursor;
      }
      cursor = lines.get(lines.size() - 1).substring("cursor: ".length());
    }
  }

  /** The status and text of a request for a stream that must be refused. */
  HttpResponse<String> refusedStream(String query) {
    return get("/events-stream" + (query.isEmpty() ? "" : "?" + query));
  }

  /** A stream that must be accepted. */
  SseReader stream(String query, String... headers) {
    HttpResponse<InputStream> response = openStream(query, headers);
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("text/event-stream");
    return new SseReader(response);
  }

  private HttpResponse<InputStream> openStream(String query, String... headers) {
    HttpRequest.Builder request = request("/events-stream?" + query);
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    try {
      return HTTP.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  HttpRequest.Builder request(String target) {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + target));
    token.ifPresent(bearer -> request.header("Authorization", "Bearer " + bearer));
    return request;
  }

  HttpResponse<String> send(HttpRequest.Builder request) {
    try {
      return HTTP.send(
          request.timeout(Duration.ofSeconds(30)).build(), HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
