package dev.gapless.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gapless.event.Cursor;
import dev.gapless.testkit.RawHttp;
import dev.gapless.testkit.RawHttp.Answer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code GET /v1/events} as pages, on a whole node. */
class EventsPageTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static HttpTestNode node;
  private String owner;

  @BeforeAll
  static void start() {
    node = HttpTestNode.start("");
  }

  @AfterAll
  static void stop() throws Exception {
    node.close();
  }

  @BeforeEach
  void ownerOfThisTest() {
    owner = "o-" + UUID.randomUUID();
  }

  @Test
  void pagesThroughTheLogInBothDirections() throws IOException {
    List<String> all = new ArrayList<>();
    for (int i = 0; i < 25; i++) {
      all.add(node.append(owner, "/a/" + i, "t").toString());
    }
    assertThat(readAll("limit=10", "earliest")).isEqualTo(all);
    List<String> reversed = new ArrayList<>(all);
    java.util.Collections.reverse(reversed);
    assertThat(readAll("limit=10&reverse=true", "now")).isEqualTo(reversed);
  }

  @Test
  void includesWhatWasAcknowledgedBefore() throws IOException {
    for (int i = 0; i < 20; i++) {
      Cursor cursor = node.append(owner, "/a", "t");
      JsonNode page = page("owner=" + owner + "&reverse=true&limit=1");
      assertThat(page.path("events").path(0).path("cursor").asText()).isEqualTo(cursor.toString());
      assertThat(page.has("behind")).isFalse();
    }
  }

  @Test
  void answersAnUnknownOwnerWithAnEmptyPage() throws IOException {
    JsonNode page = page("owner=" + owner);
    assertThat(page.path("events").isEmpty()).isTrue();
    assertThat(page.path("more").asBoolean()).isFalse();
    assertThat(page.path("cursor").asText()).isNotEmpty();
  }

  @Test
  void waitsForAMatch() throws Exception {
    JsonNode empty = page("owner=" + owner);
    String target = "/v1/events?wait=20&owner=" + owner + "&after=" + empty.path("cursor").asText();
    CompletableFuture<JsonNode> poll =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return JSON.readTree(
                    RawHttp.get(node.port(), target, "Accept: application/json").body());
              } catch (IOException failed) {
                throw new IllegalStateException(failed);
              }
            });
    Awaitility.await().until(() -> node.gapless.hub().status().live() > 0);
    Cursor cursor = node.append(owner, "/a", "t");
    JsonNode page = poll.get(15, TimeUnit.SECONDS);
    assertThat(page.path("events").path(0).path("cursor").asText()).isEqualTo(cursor.toString());
    // and gives up in time
    assertThat(page("wait=1&owner=" + owner + "&after=" + cursor).path("events").isEmpty())
        .isTrue();
  }

  @Test
  void refusesACursorThatCannotBeContinued() throws IOException {
    Cursor cursor = node.append(owner, "/a", "t");
    Cursor diverged = new Cursor(cursor.position(), cursor.fingerprint() ^ 1);
    Answer answer =
        RawHttp.get(
            node.port(),
            "/v1/events?owner=" + owner + "&after=" + diverged,
            "Accept: application/json");
    assertThat(answer.status()).isEqualTo(410);
    JsonNode problem = ResourceTest.problem(answer);
    assertThat(problem.path("reason").asText()).isEqualTo("diverged");
    assertThat(problem.path("requested").asText()).isEqualTo(diverged.toString());
    assertThat(problem.has("earliest")).isTrue();
    assertThat(problem.has("head")).isTrue();
  }

  private List<String> readAll(String parameters, String from) throws IOException {
    List<String> found = new ArrayList<>();
    String after = from;
    for (int pages = 0; pages < 10; pages++) {
      JsonNode page = page(parameters + "&owner=" + owner + "&after=" + after);
      page.path("events").forEach(event -> found.add(event.path("cursor").asText()));
      after = page.path("cursor").asText();
      if (!page.path("more").asBoolean()) {
        return found;
      }
    }
    throw new AssertionError("does not end");
  }

  private static JsonNode page(String parameters) throws IOException {
    Answer answer =
        RawHttp.get(node.port(), "/v1/events?" + parameters, "Accept: application/json");
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    assertThat(answer.header("cache-control")).contains("no-store");
    return JSON.readTree(answer.body());
  }
}
