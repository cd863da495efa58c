package dev.gapless.clients;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Serves the subscribing page to a browser and collects what page or script report. */
final class ClientReports implements AutoCloseable {
  static final Path SCRIPTS = Path.of("src/test/js");

  /** Everything is below it, so that a proxy can tell it from the paths of a node. */
  static final String FOLDER = "/client/";

  /** One {@code EventSource} to open. */
  record Stream(String name, String url, List<String> types) {}

  /** What an {@code EventSource} dispatched; {@code order} counts from 0 within one client. */
  record Report(int order, String stream, String kind, String id, String data) {}

  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final List<Report> reports = new CopyOnWriteArrayList<>();
  private volatile List<Stream> streams = List.of();
  private volatile String script = "";

  ClientReports() {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 100);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.setExecutor(threads);
    server.createContext(FOLDER, exchange -> answer(exchange, file("page.html"), "text/html"));
    server.createContext(
        FOLDER + "script.mjs",
        exchange -> answer(exchange, script.getBytes(StandardCharsets.UTF_8), "text/javascript"));
    server.createContext(
        FOLDER + "subscriber.mjs",
        exchange -> answer(exchange, file("subscriber.mjs"), "text/javascript"));
    server.createContext(
        FOLDER + "streams",
        exchange -> answer(exchange, JSON.writeValueAsBytes(streams), "application/json"));
    server.createContext(FOLDER + "report", this::report);
    server.start();
  }

  int port() {
    return server.getAddress().getPort();
  }

  String origin() {
    return "http://127.0.0.1:" + port();
  }

  /** Where page, script and reports are. */
  String url() {
    return origin() + FOLDER;
  }

  void open(List<Stream> toOpen) {
    streams = List.copyOf(toOpen);
    script =
        """
        import { subscribe } from './subscriber.mjs';
        const base = '%s';
        const streams = await (await fetch(base + 'streams')).json();
        subscribe(EventSource, streams, (event) =>
          fetch(base + 'report', { method: 'POST', body: JSON.stringify(event) }));
        """
            .formatted(url());
  }

  /** Has a browser run the documented {@code subscribe(url, show)}. */
  void openDocumented(String code, String stream, String url) {
    script =
        code
            + """

            let order = 0;
            subscribe(%s, (kind, what) =>
              fetch('report', {
                method: 'POST',
                body: JSON.stringify(
                  { order: order++, stream: %s, kind, id: '', data: JSON.stringify(what) }),
              }));
            """
                .formatted(quote(url), quote(stream));
  }

  private static String quote(String text) {
    return "'" + text + "'";
  }

  /** In the order in which the client saw it. */
  List<Report> reports(String stream, String kind) {
    return reports.stream()
        .filter(report -> report.stream().equals(stream) && report.kind().equals(kind))
        .sorted(Comparator.comparingInt(Report::order))
        .toList();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  private void report(HttpExchange exchange) throws IOException {
    JsonNode report = JSON.readTree(exchange.getRequestBody());
    reports.add(
        new Report(
            report.get("order").asInt(),
            report.get("stream").asText(),
            report.get("kind").asText(),
            report.get("id").asText(),
            report.get("data").asText()));
    answer(exchange, "ok".getBytes(StandardCharsets.UTF_8), "text/plain");
  }

  private static byte[] file(String name) throws IOException {
    return Files.readAllBytes(SCRIPTS.resolve(name));
  }

  private static void answer(HttpExchange exchange, byte[] body, String type) throws IOException {
    exchange.getResponseHeaders().add("Content-Type", type + "; charset=utf-8");
    exchange.getResponseHeaders().add("Access-Control-Allow-Origin", "*");
    // behind a proxy the next request of this connection may be for a node
    exchange.getResponseHeaders().add("Connection", "close");
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }
}
