package dev.gapless.hub;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * What was read a moment ago, or is being read, for all who want the same: one load for each key.
 * The first in is the first out. Those who replay a log walk through its pages one behind the
 * other, so the oldest page is the one that most have behind them; a cache that keeps what was used
 * most often would keep just that one. Thread-safe.
 */
final class PageCache<K, V> {
  private final long maxWeight;
  private final ToLongFunction<V> weigher;
  private final Duration kept;
  private final Executor executor;
  private final Map<K, Entry<V>> entries = new LinkedHashMap<>();
  private long weight;

  private long loads;

  private static final class Entry<V> {
    private final long number;
    private final CompletableFuture<V> value = new CompletableFuture<>();
    private long weight;

    Entry(long number) {
      this.number = number;
    }
  }

  /**
   * @param kept how long a value is kept at most, also when nobody asks for another one
   */
  PageCache(long maxWeight, ToLongFunction<V> weigher, Duration kept, Executor executor) {
    this.maxWeight = maxWeight;
    this.weigher = weigher;
    this.kept = kept;
    this.executor = executor;
  }

  /**
   * What is there or on its way, else what {@code load} brings. A failure is not kept, neither is
   * what weighs nothing.
   */
  CompletableFuture<V> get(K key, Supplier<CompletableFuture<V>> load) {
    Entry<V> entry;
    synchronized (this) {
      Entry<V> there = entries.get(key);
      if (there != null) {
        return there.value;
      }
      entry = new Entry<>(loads++);
      entries.put(key, entry);
    }
    try {
      load.get().whenComplete((value, failure) -> onLoaded(key, entry, value, failure));
    } catch (RuntimeException refused) {
      // by an executor that has ended
      onLoaded(key, entry, null, refused);
    }
    return entry.value;
  }

  private void onLoaded(K key, Entry<V> entry, @Nullable V value, @Nullable Throwable failure) {
    long loaded = value != null ? weigher.applyAsLong(value) : 0;
    synchronized (this) {
      if (loaded == 0) {
        entries.remove(key, entry);
      } else {
        entry.weight = loaded;
        weight += loaded;
        evict();
      }
    }
    // before the timer: nobody who waits depends on it
    if (failure != null) {
      entry.value.completeExceptionally(failure);
    } else {
      entry.value.complete(value);
    }
    if (loaded > 0) {
      // a timer that held the value would keep what has long been evicted
      long number = entry.number;
      CompletableFuture.delayedExecutor(kept.toMillis(), MILLISECONDS, executor)
          .execute(() -> remove(key, number));
    }
  }

  private void evict() {
    Iterator<Entry<V>> eldest = entries.values().iterator();
    while (weight > maxWeight && eldest.hasNext()) {
      Entry<V> entry = eldest.next();
      if (entry.weight > 0) {
        weight -= entry.weight;
        eldest.remove();
      }
    }
  }

  /** Of all that is kept. */
  synchronized long weight() {
    return weight;
  }

  private synchronized void remove(K key, long number) {
    Entry<V> entry = entries.get(key);
    if (entry != null && entry.number == number) {
      entries.remove(key);
      weight -= entry.weight;
    }
  }
}
