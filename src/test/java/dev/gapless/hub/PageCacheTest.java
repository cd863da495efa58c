package dev.gapless.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class PageCacheTest {
  private static final Duration LONG = Duration.ofHours(1);

  private final List<String> loads = new ArrayList<>();

  private static PageCache<String, String> cache(long maxWeight, Duration kept) {
    return new PageCache<>(maxWeight, String::length, kept, Runnable::run);
  }

  private String get(PageCache<String, String> cache, String key, String value) {
    return cache
        .get(
            key,
            () -> {
              loads.add(key);
              return CompletableFuture.completedFuture(value);
            })
        .join();
  }

  @Test
  void whoComesWhileItIsLoadedSharesTheLoad() {
    PageCache<String, String> cache = cache(100, LONG);
    CompletableFuture<String> loading = new CompletableFuture<>();
    CompletableFuture<String> first = cache.get("a", () -> loading);
    CompletableFuture<String> second =
        cache.get(
            "a",
            () -> {
              throw new AssertionError("loaded twice");
            });
    loading.complete("page");
    assertThat(first.join()).isEqualTo("page");
    assertThat(second.join()).isEqualTo("page");
  }

  @Test
  void theOldestGoesFirstHoweverOftenItWasUsed() {
    PageCache<String, String> cache = cache(9, LONG);
    get(cache, "a", "aaa");
    for (int i = 0; i < 50; i++) {
      get(cache, "a", "aaa");
    }
    get(cache, "b", "bbb");
    get(cache, "c", "ccc");
    get(cache, "d", "ddd");
    assertThat(loads).containsExactly("a", "b", "c", "d");
    get(cache, "b", "bbb");
    get(cache, "c", "ccc");
    get(cache, "d", "ddd");
    assertThat(loads).containsExactly("a", "b", "c", "d");
    get(cache, "a", "aaa");
    assertThat(loads).containsExactly("a", "b", "c", "d", "a");
  }

  @Test
  void whatBringsNobodyForwardIsNotKept() {
    PageCache<String, String> cache = cache(100, LONG);
    get(cache, "a", "");
    get(cache, "a", "");
    assertThat(loads).containsExactly("a", "a");
  }

  @Test
  void aFailureReachesAllWhoWaitAndIsNotKept() {
    PageCache<String, String> cache = cache(100, LONG);
    CompletableFuture<String> loading = new CompletableFuture<>();
    CompletableFuture<String> first = cache.get("a", () -> loading);
    CompletableFuture<String> second = cache.get("a", () -> loading);
    loading.completeExceptionally(new IllegalStateException("down"));
    assertThatThrownBy(first::join).hasMessageContaining("down");
    assertThatThrownBy(second::join).hasMessageContaining("down");
    assertThat(get(cache, "a", "page")).isEqualTo("page");
  }

  @Test
  void anExecutorThatHasEndedIsAFailureToo() {
    PageCache<String, String> cache = cache(100, LONG);
    CompletableFuture<String> refused =
        cache.get(
            "a",
            () -> {
              throw new RejectedExecutionException("ended");
            });
    assertThatThrownBy(refused::join).hasMessageContaining("ended");
  }

  @Test
  void nothingIsKeptForGoodWhenNobodyAsksAnyMore() {
    PageCache<String, String> cache = cache(100, Duration.ofMillis(20));
    get(cache, "a", "page");
    Awaitility.await("gone").until(() -> cache.weight() == 0);
    get(cache, "a", "page");
    assertThat(loads).containsExactly("a", "a");
  }
}
