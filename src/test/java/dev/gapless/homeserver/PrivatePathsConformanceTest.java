package dev.gapless.homeserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Cases 31 to 40 of the conformance suite: who may see private paths. */
@ExtendWith(SharedNode.class)
class PrivatePathsConformanceTest {
  private final HomeserverClient admin;
  private final HomeserverClient anonymous;
  private final HomeserverClient alice;
  private final HomeserverClient bob;
  private final String start;

  PrivatePathsConformanceTest(HomeserverClient admin) {
    this.admin = admin;
    this.anonymous = admin.anonymous();
    this.alice = admin.with(SharedNode.ALICE_TOKEN);
    this.bob = admin.with(SharedNode.BOB_TOKEN);
    // the users of this class have tokens, so its tests share them: each begins at its own marker
    admin.put(SharedNode.ALICE, "/pub/marker", "a");
    admin.put(SharedNode.BOB, "/pub/marker", "b");
    this.start = admin.feedEnd();
  }

  private String aliceFromHere() {
    return "user=" + SharedNode.ALICE + ":" + start;
  }

  private void writeInterleaved() {
    for (String path :
        List.of("/pub/x/1", "/priv/app/1", "/pub/x/2", "/priv/other/1", "/priv/app/2")) {
      admin.put(SharedNode.ALICE, path, "content");
    }
  }

  @Test
  @DisplayName("31: anonymous without a path sees only what is public")
  void case31() {
    writeInterleaved();
    assertThat(anonymous.stream(aliceFromHere()).awaitEnd().summaries())
        .containsExactly("PUT /pub/x/1", "PUT /pub/x/2");
    assertThat(nativePage(anonymous, "path=/pub/&owner=" + SharedNode.ALICE + ":" + start).body())
        .contains("/pub/x/2")
        .doesNotContain("/priv/");
  }

  @ParameterizedTest(name = "32: anonymous, path={0} is 401")
  @ValueSource(
      strings = {"/priv/app/", "/pub/../priv/x", "/pub", "/", "priv/", "/pub/%2e%2e/priv/"})
  void case32(String path) {
    HttpResponse<String> response = anonymous.refusedStream(aliceFromHere() + "&path=" + path);
    assertThat(response.statusCode()).isEqualTo(401);
    assertThat(response.headers().firstValue("Cache-Control")).hasValue("no-store");
    HttpResponse<String> page =
        nativePage(
            anonymous, "owner=" + SharedNode.ALICE + "&path=/" + path.replaceFirst("^/", ""));
    assertThat(page.statusCode()).isEqualTo(401);
    assertThat(page.headers().firstValue("Cache-Control")).hasValue("no-store");
  }

  @Test
  @DisplayName("32: an unknown user's private path is answered like a known one's")
  void case32UnknownUser() {
    HttpResponse<String> known = anonymous.refusedStream(aliceFromHere() + "&path=/priv/app/");
    HttpResponse<String> unknown =
        anonymous.refusedStream("user=" + TestUsers.random() + "&path=/priv/app/");
    assertThat(unknown.statusCode()).isEqualTo(401);
    assertThat(unknown.body()).isEqualTo(known.body());
  }

  @Test
  @DisplayName("33: the owner sees private events, and of several paths their union")
  void case33() {
    writeInterleaved();
    assertThat(alice.stream(aliceFromHere() + "&path=/priv/app/").awaitEnd().summaries())
        .containsExactly("PUT /priv/app/1", "PUT /priv/app/2");
    assertThat(alice.stream(aliceFromHere() + "&path=/pub/&path=/priv/app/").awaitEnd().summaries())
        .containsExactly("PUT /pub/x/1", "PUT /priv/app/1", "PUT /pub/x/2", "PUT /priv/app/2");
    assertThat(nativePage(alice, "path=/priv/app/&owner=" + SharedNode.ALICE + ":" + start).body())
        .contains("/priv/app/2")
        .doesNotContain("/priv/other/");
  }

  @Test
  @DisplayName("34: the credential of one user opens nothing private of another")
  void case34() {
    String bobsPrivate = "&path=/priv/app/&user=" + SharedNode.BOB;
    assertThat(alice.refusedStream(bobsPrivate.substring(1)).statusCode()).isEqualTo(403);
    assertThat(alice.refusedStream(aliceFromHere() + bobsPrivate).statusCode()).isEqualTo(403);
    assertThat(bob.refusedStream(aliceFromHere() + "&path=/priv/app/").statusCode()).isEqualTo(403);
    assertThat(nativePage(alice, "path=/priv/app/&owner=" + SharedNode.BOB).statusCode())
        .isEqualTo(403);
  }

  @Test
  @DisplayName("35: live and anonymous: a private write, then a public one: only that arrives")
  void case35() {
    try (SseReader stream = anonymous.stream("live=true&" + aliceFromHere())) {
      stream.awaitControl("gapless.live");
      admin.put(SharedNode.ALICE, "/priv/app/live", "content");
      admin.put(SharedNode.ALICE, "/pub/live", "content");
      stream.awaitEvents(1);
      assertThat(stream.summaries()).containsExactly("PUT /pub/live");
      assertThat(stream.frames()).noneMatch(frame -> frame.raw().contains("/priv/"));
    }
  }

  @Test
  @DisplayName("36: live owner on one private folder sees no other")
  void case36() {
    try (SseReader stream = alice.stream("live=true&path=/priv/app/&" + aliceFromHere())) {
      stream.awaitControl("gapless.live");
      admin.put(SharedNode.ALICE, "/priv/other/x", "content");
      admin.put(SharedNode.ALICE, "/priv/app/live", "content");
      stream.awaitEvents(1);
      assertThat(stream.summaries()).containsExactly("PUT /priv/app/live");
    }
  }

  @Test
  @DisplayName("38, 40: a revocation on another node ends the private stream, and only that")
  void cases38And40() throws Exception {
    try (HomeserverNode other = SharedNode.secondNode();
        SseReader own =
            admin.with(SharedNode.REVOCABLE_TOKEN).stream(
                "live=true&path=/priv/app/&" + aliceFromHere());
        SseReader publicOne = anonymous.stream("live=true&path=/pub/&" + aliceFromHere())) {
      own.awaitControl("gapless.live");
      publicOne.awaitControl("gapless.live");
      admin.put(SharedNode.ALICE, "/priv/app/before", "content");
      own.awaitEvents(1);

      revoke(other.client(), SharedNode.REVOCABLE_TOKEN);
      own.awaitEnd(Duration.ofSeconds(5));
      assertThat(own.awaitControl("gapless.close").raw()).contains("revoked");

      admin.put(SharedNode.ALICE, "/priv/app/after", "content");
      admin.put(SharedNode.ALICE, "/pub/after", "content");
      publicOne.awaitEvents(1);
      assertThat(own.summaries()).containsExactly("PUT /priv/app/before");
      assertThat(publicOne.hasEnded()).isFalse();
      assertThat(
              admin
                  .with(SharedNode.REVOCABLE_TOKEN)
                  .refusedStream("path=/priv/app/&" + aliceFromHere())
                  .statusCode())
          .isEqualTo(401);
    }
  }

  private static void revoke(HomeserverClient operator, String token) {
    HttpResponse<String> response =
        operator.send(
            operator
                .request("/v1/revocations")
                .header("Content-Type", "application/json")
                .POST(
                    HttpRequest.BodyPublishers.ofString(
                        "{\"sha256\":\"" + SharedNode.sha256(token) + "\"}")));
    assertThat(response.statusCode()).isBetween(200, 204);
  }

  private static HttpResponse<String> nativePage(HomeserverClient client, String query) {
    return client.send(client.request("/v1/events?" + query).header("Accept", "application/json"));
  }
}
