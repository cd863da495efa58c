package dev.gapless;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.gapless.testkit.TestDatabase;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.http.javadsl.ServerBinding;
import org.junit.jupiter.api.Test;

class MountingTest {

  @Test
  void theRoutesWorkUnderAPrefixBesideOthers() throws Exception {
    ActorSystem<Void> system =
        ActorSystem.create(Behaviors.empty(), "mounting", ConfigFactory.load());
    try (TestDatabase database = TestDatabase.create()) {
      ServerBinding binding =
          MountingExample.serve(system, database.pool(8))
              .toCompletableFuture()
              .get(60, TimeUnit.SECONDS);
      String url = "http://127.0.0.1:" + binding.localAddress().getPort();
      assertThat(get(url + "/hello")).isEqualTo("hello");
      String draft = "{\"owner\":\"acme\",\"path\":\"/orders/1\",\"type\":\"order.placed\"}";
      HttpRequest post =
          HttpRequest.newBuilder(URI.create(url + "/live/v1/events"))
              .header("Content-Type", "application/json")
              .POST(BodyPublishers.ofString(draft))
              .build();
      assertThat(send(post)).contains("\"id\":1");
      assertThat(get(url + "/live/v1/events")).contains("/orders/1");
      assertThat(get(url + "/v1/events")).doesNotContain("/orders/1");
      system.terminate();
      system.getWhenTerminated().toCompletableFuture().get(30, TimeUnit.SECONDS);
    } finally {
      system.terminate();
    }
  }

  private static String get(String url) throws Exception {
    return send(
        HttpRequest.newBuilder(URI.create(url))
            .header("Accept", "application/json, text/plain")
            .build());
  }

  private static String send(HttpRequest request) throws Exception {
    return HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body();
  }
}
