package dev.gapless.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gapless.testkit.RawHttp;
import dev.gapless.testkit.RawHttp.Answer;
import dev.gapless.testkit.SseClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code POST /v1/events} on a whole node. */
class PublishTest {
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
  void answersWithTheCursorsInOrder() throws IOException {
    try (SseClient client = SseClient.open(node.port(), "/v1/events?owner=" + owner)) {
      client.await("gapless.live");
      String drafts =
          IntStream.range(0, 1000)
              .mapToObj(i -> draft("/p/" + i, "{\"i\": " + i + "}"))
              .collect(Collectors.joining(",", "[", "]"));
      Answer answer = post(drafts);
      assertThat(answer.status()).as(answer.text()).isEqualTo(201);
      JsonNode events = JSON.readTree(answer.body()).path("events");
      assertThat(events).hasSize(1000);
      for (int i = 0; i < 1000; i++) {
        var frame = client.nextEvent();
        assertThat(frame.id()).isEqualTo(events.path(i).path("cursor").asText());
        JsonNode data = JSON.readTree(frame.data());
        assertThat(data.path("id")).isEqualTo(events.path(i).path("id"));
        assertThat(data.path("path").asText()).isEqualTo("/p/" + i);
        assertThat(data.path("data").path("i").asInt()).isEqualTo(i);
      }
    }
  }

  @Test
  void takesOneDraftToo() throws IOException {
    Answer answer = post(draft("/a/../b//c", "null"));
    assertThat(answer.status()).isEqualTo(201);
    Answer page = RawHttp.get(node.port(), "/v1/events?owner=" + owner, "Accept: application/json");
    assertThat(page.text()).contains("\"path\":\"/b/c\"", "\"data\":null");
  }

  @Test
  void repeatsTheFirstAnswerOfAKey() throws IOException {
    Answer first = post(draft("/a", "1"), "Idempotency-Key: k-" + owner);
    Answer again = post(draft("/a", "1"), "Idempotency-Key: k-" + owner);
    assertThat(first.status()).isEqualTo(201);
    assertThat(again.status()).isEqualTo(201);
    assertThat(again.text()).isEqualTo(first.text());
    Answer otherBody = post(draft("/b", "1"), "Idempotency-Key: k-" + owner);
    assertThat(otherBody.status()).isEqualTo(422);
    assertThat(ResourceTest.problem(otherBody).path("field").asText()).isEqualTo("Idempotency-Key");
    assertThat(published()).hasSize(1);
  }

  @Test
  void letsOneOfManyDuplicatesWin() {
    List<CompletableFuture<Answer>> racing = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      racing.add(
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return post(draft("/a", "1"), "Idempotency-Key: race-" + owner);
                } catch (IOException failed) {
                  throw new IllegalStateException(failed);
                }
              }));
    }
    List<Answer> answers = racing.stream().map(CompletableFuture::join).toList();
    assertThat(answers).allMatch(answer -> answer.status() == 201);
    assertThat(answers.stream().map(Answer::text).distinct()).hasSize(1);
    assertThat(published()).hasSize(1);
  }

  private JsonNode published() {
    try {
      return JSON.readTree(
              RawHttp.get(node.port(), "/v1/events?owner=" + owner, "Accept: application/json")
                  .body())
          .path("events");
    } catch (IOException failed) {
      throw new IllegalStateException(failed);
    }
  }

  private String draft(String path, String data) {
    return "{\"owner\":\"%s\",\"path\":\"%s\",\"type\":\"t\",\"data\":%s}"
        .formatted(owner, path, data);
  }

  private static Answer post(String body, String... headers) throws IOException {
    List<String> all = new ArrayList<>(List.of(headers));
    all.add("Content-Type: application/json");
    return RawHttp.send(node.port(), "POST /v1/events HTTP/1.1", body, all.toArray(String[]::new));
  }
}
