package dev.gapless.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.testkit.RawHttp;
import org.junit.jupiter.api.Test;

/** A long poll may take longer than Pekko HTTP lets a request take. */
class RequestTimeoutTest {
  @Test
  void aLongPollHasATimeOfItsOwn() throws Exception {
    try (HttpTestNode node = HttpTestNode.start("pekko.http.server.request-timeout = 300 ms")) {
      RawHttp.Answer page =
          RawHttp.get(node.port(), "/v1/events?owner=nobody&wait=1", "Accept: application/json");
      assertThat(page.status()).as(page.text()).isEqualTo(200);
    }
  }
}
