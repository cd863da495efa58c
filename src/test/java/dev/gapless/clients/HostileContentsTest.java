package dev.gapless.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpServer;
import dev.gapless.testkit.NodeOptions;
import dev.gapless.testkit.RawHttp;
import dev.gapless.testkit.RawHttp.Answer;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.TestDatabase;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * In a browser nothing that anybody stored or published is ever run: neither shown by the page of
 * the node nor opened by itself. Whatever ran would change the title and call a server that listens
 * for it.
 */
class HostileContentsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String USER = "o".repeat(52);
  private static final String RAN = "it ran";

  private static TestDatabase database;
  private static ServerNode node;
  private static HttpServer listener;
  private static ChromiumPage page;
  private static final List<String> calls = new CopyOnWriteArrayList<>();

  @BeforeAll
  static void start() throws IOException {
    EventSourceClient.requireInstalled("chromium");
    listener = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 10);
    listener.createContext(
        "/",
        exchange -> {
          String asked = exchange.getRequestURI().getPath();
          boolean control = asked.equals("/control");
          if (!control && !asked.equals("/favicon.ico")) {
            calls.add(asked);
          }
          byte[] body = (control ? hostile() : "").getBytes(StandardCharsets.UTF_8);
          exchange.getResponseHeaders().add("Content-Type", "text/html; charset=utf-8");
          exchange.getResponseHeaders().add("Access-Control-Allow-Origin", "*");
          exchange.sendResponseHeaders(200, body.length == 0 ? -1 : body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    listener.start();
    database = TestDatabase.create();
    node = ServerNode.start(database.jdbcUrl(), NodeOptions.config("").quick());
    page = ChromiumPage.open();
  }

  @AfterAll
  static void stop() {
    if (page != null) {
      page.close();
    }
    if (node != null) {
      node.stop();
      database.close();
      node.close();
    }
    listener.stop(0);
  }

  /** The same contents from a server that does nothing about it: what would be noticed. */
  @BeforeEach
  void runsWhereNothingForbidsIt() {
    page.goTo("http://127.0.0.1:" + listener.getAddress().getPort() + "/control");
    await().atMost(PATIENCE).until(() -> calls.contains("/script") && calls.contains("/image"));
    assertThat(page.evaluate("document.title").asText()).isEqualTo(RAN);
    calls.clear();
  }

  @Test
  void thePageShowsItAsText() {
    page.goTo(node.url() + "/");
    // beside the types of files, those that are asked for
    page.evaluate(
        "document.getElementById('types').value = 'note';"
            + "document.getElementById('connect').click()");
    await().atMost(PATIENCE).until(() -> state().equals("live"));

    String path = "/pub/" + image("path") + script("path");
    publish(path, "note", hostile());
    assertThat(
            node.putFile("acme" + encoded("/pub/" + image("file") + ".html"), hostile())
                .statusCode())
        .isEqualTo(201);
    // what cannot be a type or an owner does not get as far
    assertThat(status("acme", "/pub/a", "<script>")).isEqualTo(400);
    assertThat(status("<script>", "/pub/a", "note")).isEqualTo(400);

    await().atMost(PATIENCE).until(() -> count("#events .event") == 2);
    String shown = page.evaluate("document.getElementById('events').textContent").asText();
    assertThat(shown).contains(path, "/pub/" + image("file") + ".html", "<h1 id=");
    assertThat(count("#events script, #events img, #events h1, #events svg, #events a")).isZero();
    assertNothingRan("Gapless");
  }

  @Test
  void aFileIsNotRunInTheOriginOfTheNode() throws IOException {
    for (String type :
        List.of("text/html", "image/svg+xml", "application/xhtml+xml", "text/plain")) {
      String name = "/pub/" + type.replaceAll("\\W", "-");
      String contents = type.contains("xml") ? xml(type) : hostile();
      put("/v1/files/acme" + name, type, contents);
      put(name + "?pubky-host=" + USER, type, contents);
      for (String target : List.of("/v1/files/acme" + name, name + "?pubky-host=" + USER)) {
        Answer answer = RawHttp.get(node.port(), target);
        assertThat(answer.header("content-type").orElse("")).startsWith(type);
        assertThat(answer.header("x-content-type-options")).contains("nosniff");
        assertThat(answer.header("content-security-policy"))
            .contains("sandbox; default-src 'none'");
        page.goTo(node.url() + target);
        assertThat(page.evaluate("document.documentElement.textContent").asText())
            .contains("hello");
        assertNothingRan("");
        // a page of an origin that nothing belongs to
        assertThat(page.evaluate("self.origin").asText()).isEqualTo("null");
      }
    }
  }

  @Test
  void noRefusalRunsWhatItRepeats() {
    String hostile = URLEncoder.encode(script("user") + image("user"), StandardCharsets.UTF_8);
    for (String target :
        List.of(
            "/events-stream?user=" + hostile,
            "/events-stream?user=" + USER + "&path=%00" + hostile,
            "/events-stream?user=" + USER + "&limit=" + hostile,
            "/v1/events?" + hostile + "=1&after=" + hostile,
            "/pub/" + hostile.replace("+", "%20"),
            "/" + hostile.replace("+", "%20"))) {
      page.goTo(node.url() + target);
      assertThat(count("script[src], img, h1")).as(target).isZero();
      assertNothingRan("");
    }
  }

  private static void assertNothingRan(String title) {
    assertThat(page.evaluate("document.title").asText()).isEqualTo(title);
    assertThat(page.evaluate("typeof window.ran").asText()).isEqualTo("undefined");
    assertThat(calls).isEmpty();
  }

  private static String hostile() {
    return "<h1 id='hello'>hello</h1>"
        + script("script")
        + image("image")
        + "<svg onload=\"%s\"></svg><a href=\"javascript:%s\">a</a>"
            .formatted(code("svg"), code("link"));
  }

  private static String xml(String type) {
    return type.startsWith("image")
        ? "<svg xmlns='http://www.w3.org/2000/svg'><script>%s</script><text>hello</text></svg>"
            .formatted(code("script"))
        : "<html xmlns='http://www.w3.org/1999/xhtml'><body>hello<script>%s</script></body></html>"
            .formatted(code("script"));
  }

  private static String script(String name) {
    return "<script>" + code(name) + "</script>";
  }

  private static String image(String name) {
    return "<img src=x onerror=\"" + code(name) + "\">";
  }

  /** Without a slash and short, so that it may be part of a path. */
  private static String code(String name) {
    return "document.title='%s';ran=1;fetch(['http:','','127.0.0.1:%d','%s'].join('\\x2f'))"
        .formatted(RAN, listener.getAddress().getPort(), name);
  }

  private static String state() {
    return page.evaluate("document.body.dataset.state").asText();
  }

  private static int count(String selector) {
    return page.evaluate("document.querySelectorAll(\"" + selector + "\").length").asInt();
  }

  private static void publish(String path, String type, String text) {
    ObjectNode draft = draft("acme", path, type);
    draft.putObject("data").put("html", text).put("<script>", "</script>" + text);
    assertThat(node.publish(draft.toString()).statusCode()).isEqualTo(201);
  }

  private static int status(String owner, String path, String type) {
    return node.publish(draft(owner, path, type).toString()).statusCode();
  }

  private static ObjectNode draft(String owner, String path, String type) {
    return new ObjectMapper()
        .createObjectNode()
        .put("owner", owner)
        .put("path", path)
        .put("type", type);
  }

  private static void put(String target, String type, String contents) {
    try {
      assertThat(
              RawHttp.send(
                      node.port(), "PUT " + target + " HTTP/1.1", contents, "Content-Type: " + type)
                  .status())
          .isEqualTo(201);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String encoded(String path) {
    return URLEncoder.encode(path, StandardCharsets.UTF_8).replace("+", "%20").replace("%2F", "/");
  }
}
