package dev.gapless.clients;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A tab of a headless Chromium that a test can lead to a page and look into, over the browser's own
 * debugging protocol.
 */
final class ChromiumPage implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final HttpClient http = HttpClient.newHttpClient();
  private final EventSourceClient.Running browser;
  private final WebSocket socket;
  private final AtomicInteger number = new AtomicInteger();
  private final Map<Integer, CompletableFuture<JsonNode>> pending = new ConcurrentHashMap<>();

  private ChromiumPage(EventSourceClient.Running browser) {
    this.browser = browser;
    this.socket = http.newWebSocketBuilder().buildAsync(tab(devToolsPort()), new Answers()).join();
  }

  static ChromiumPage open() {
    EventSourceClient.Running browser = EventSourceClient.CHROMIUM.start("about:blank");
    try {
      return new ChromiumPage(browser);
    } catch (RuntimeException | Error e) {
      browser.close();
      throw e;
    }
  }

  /** Goes to a page and waits until it is there. */
  void goTo(String url) {
    ObjectNode parameters = JSON.createObjectNode().put("url", url);
    JsonNode answer = ask("Page.navigate", parameters);
    if (answer.has("errorText")) {
      throw new IllegalStateException(answer.get("errorText").asText());
    }
    await("the page is loaded")
        .atMost(PATIENCE)
        .until(
            () ->
                evaluate("document.readyState + (location.href === 'about:blank')")
                    .asText()
                    .equals("completefalse"));
  }

  /** The value of an expression in the page, as JSON. */
  JsonNode evaluate(String expression) {
    ObjectNode parameters =
        JSON.createObjectNode().put("expression", expression).put("returnByValue", true);
    JsonNode answer = ask("Runtime.evaluate", parameters);
    if (answer.has("exceptionDetails")) {
      throw new IllegalStateException(answer.get("exceptionDetails").toString());
    }
    return answer.at("/result/value");
  }

  /** As a window of this size shows it, or a phone. */
  void size(int width, int height, boolean phone) {
    ask(
        "Emulation.setDeviceMetricsOverride",
        JSON.createObjectNode()
            .put("width", width)
            .put("height", height)
            .put("deviceScaleFactor", 1)
            .put("mobile", phone));
  }

  /** As who prefers dark pages sees it. */
  void dark(boolean dark) {
    ObjectNode media = JSON.createObjectNode();
    media
        .putArray("features")
        .addObject()
        .put("name", "prefers-color-scheme")
        .put("value", dark ? "dark" : "light");
    ask("Emulation.setEmulatedMedia", media);
  }

  /** What is seen now, as PNG. */
  byte[] screenshot() {
    JsonNode answer = ask("Page.captureScreenshot", JSON.createObjectNode().put("format", "png"));
    return Base64.getDecoder().decode(answer.path("data").asText());
  }

  private JsonNode ask(String method, ObjectNode parameters) {
    int id = number.incrementAndGet();
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    pending.put(id, answer);
    ObjectNode message = JSON.createObjectNode().put("id", id).put("method", method);
    message.set("params", parameters);
    socket.sendText(message.toString(), true).join();
    try {
      return answer.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException(method, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** The browser writes it into its folder when it listens. */
  private int devToolsPort() {
    Path file = browser.folder().resolve("DevToolsActivePort");
    await("the browser listens")
        .atMost(PATIENCE)
        .until(() -> Files.exists(file) && Files.readAllLines(file).size() > 1);
    try {
      return Integer.parseInt(Files.readAllLines(file).get(0));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private URI tab(int port) {
    HttpRequest list =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/json")).build();
    for (JsonNode target :
        await("the browser has a tab")
            .atMost(PATIENCE)
            .until(
                () -> JSON.readTree(http.send(list, BodyHandlers.ofString()).body()),
                tabs -> !tabs.isEmpty())) {
      if (target.path("type").asText().equals("page")) {
        return URI.create(target.path("webSocketDebuggerUrl").asText());
      }
    }
    throw new IllegalStateException("the browser has no page");
  }

  @Override
  public void close() {
    socket.abort();
    browser.close();
  }

  private final class Answers implements WebSocket.Listener {
    private final StringBuilder text = new StringBuilder();

    @Override
    public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean last) {
      text.append(part);
      if (last) {
        complete(text.toString());
        text.setLength(0);
      }
      return WebSocket.Listener.super.onText(from, part, true);
    }

    private void complete(String message) {
      try {
        JsonNode answer = JSON.readTree(message);
        CompletableFuture<JsonNode> asked = pending.remove(answer.path("id").asInt());
        if (asked != null && answer.has("error")) {
          asked.completeExceptionally(new IllegalStateException(answer.get("error").toString()));
        } else if (asked != null) {
          asked.complete(answer.path("result"));
        }
      } catch (IOException e) {
        pending.values().forEach(asked -> asked.completeExceptionally(e));
      }
    }
  }
}
