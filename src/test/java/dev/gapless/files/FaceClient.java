package dev.gapless.files;

import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;

/** Speaks HTTP/1.1 to a {@link FaceServer}. Headers are given as names and values in turn. */
public final class FaceClient {
  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private final int port;

  public FaceClient(int port) {
    this.port = port;
  }

  public HttpResponse<byte[]> get(String target, String... headers) {
    return send("GET", target, new byte[0], headers);
  }

  public HttpResponse<byte[]> head(String target, String... headers) {
    return send("HEAD", target, new byte[0], headers);
  }

  public HttpResponse<byte[]> put(String target, byte[] body, String... headers) {
    return send("PUT", target, body, headers);
  }

  public HttpResponse<byte[]> delete(String target, String... headers) {
    return send("DELETE", target, new byte[0], headers);
  }

  public HttpResponse<byte[]> send(String method, String target, byte[] body, String... headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + target))
            .method(
                method,
                body.length == 0 && !method.equals("PUT")
                    ? BodyPublishers.noBody()
                    : BodyPublishers.ofByteArray(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    try {
      return sendOnce(request.build());
    } catch (ConnectionClosedBefore e) {
      // after an early answer the server closes, and a pooled connection may not know it yet
      return sendOnce(request.build());
    }
  }

  private static HttpResponse<byte[]> sendOnce(HttpRequest request) {
    try {
      return CLIENT.send(request, BodyHandlers.ofByteArray());
    } catch (IOException e) {
      if (("" + e.getMessage()).contains("received no bytes")) {
        throw new ConnectionClosedBefore(e);
      }
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The request found its connection closed, so nobody has read it. */
  private static final class ConnectionClosedBefore extends RuntimeException {
    ConnectionClosedBefore(IOException cause) {
      super(cause);
    }
  }

  public static String header(HttpResponse<?> answer, String name) {
    return answer.headers().firstValue(name).orElse("");
  }

  /** Sends exactly these characters; returns the first line of the answer. */
  public String raw(String request) {
    try (Socket socket = new Socket("127.0.0.1", port)) {
      socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
      return firstLine(socket);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  public static String firstLine(Socket socket) throws IOException {
    socket.setSoTimeout(20_000);
    StringBuilder line = new StringBuilder();
    int next;
    while ((next = socket.getInputStream().read()) >= 0 && next != '\r') {
      line.append((char) next);
    }
    return line.toString();
  }
}
