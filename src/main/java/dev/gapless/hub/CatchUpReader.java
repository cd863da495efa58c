package dev.gapless.hub;

import com.github.benmanes.caffeine.cache.AsyncCache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Scheduler;
import dev.gapless.event.Cursor;
import dev.gapless.event.EventFilter;
import dev.gapless.log.EventLog;
import dev.gapless.log.EventLog.CursorCheck;
import dev.gapless.log.EventLog.PageLimits;
import dev.gapless.log.EventLog.ReadResult;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.LongAdder;
import javax.sql.DataSource;

/**
 * Reads of the log for subscribers that are not live. Clients that replay the same stretch share
 * its pages: one read in flight per page, and the pages of the last seconds are kept within a
 * bound. The executor's size bounds the reads in flight. Thread-safe.
 */
final class CatchUpReader {
  // long enough for a storm of clients to walk through the same pages one behind the other
  private static final Duration KEPT = Duration.ofSeconds(10);

  /** As {@link ReadResult}, with events that share their frames. */
  sealed interface SharedRead {
    record Page(List<HubEvent> events, Cursor scannedTo) implements SharedRead {}

    record Lost(ReadResult.Lost lost) implements SharedRead {}

    /** The cache would log a failed load with its stack; the streams that asked retry quietly. */
    record Failed(Throwable cause) implements SharedRead {}
  }

  /** {@code history} tells one history of the log from the next: pages do not outlive it. */
  private record Key(Ring history, Cursor after, EventFilter filter) {}

  private final EventLog log;
  private final DataSource dataSource;
  private final Executor executor;
  private final PageLimits limits;
  private final AsyncCache<Key, SharedRead> pages;
  private final LongAdder reads = new LongAdder();
  private final LongAdder requests = new LongAdder();

  CatchUpReader(EventLog log, DataSource dataSource, Executor executor, HubSettings settings) {
    this.log = log;
    this.dataSource = dataSource;
    this.executor = executor;
    this.limits = new PageLimits(settings.pageEvents(), settings.pageScan(), settings.pageBytes());
    this.pages =
        Caffeine.newBuilder()
            .maximumWeight(settings.cacheBytes())
            .<Key, SharedRead>weigher((key, read) -> weight(read))
            .expireAfterWrite(KEPT)
            // else a node that has become quiet keeps the last pages for good
            .scheduler(Scheduler.systemScheduler())
            .executor(executor)
            .buildAsync();
  }

  /**
   * The next page after a cursor, not beyond {@code upTo} (a page that was read for somebody else
   * may end earlier). Fails with the database's error.
   */
  CompletionStage<SharedRead> read(Ring history, Cursor after, Cursor upTo, EventFilter filter) {
    requests.increment();
    Key key = new Key(history, after, filter);
    CompletableFuture<SharedRead> page =
        pages.get(
            key,
            (any, ignored) ->
                call(c -> readPage(c, after, upTo, filter)).exceptionally(SharedRead.Failed::new));
    return page.thenApply(
        read -> {
          boolean worthKeeping =
              read instanceof SharedRead.Page found && found.scannedTo().compareTo(after) > 0;
          if (!worthKeeping) {
            pages.asMap().remove(key, page);
          }
          if (read instanceof SharedRead.Failed failed) {
            throw new CompletionException(failed.cause());
          }
          return read;
        });
  }

  CompletionStage<CursorCheck> check(Cursor cursor, Cursor head) {
    return call(connection -> log.check(connection, cursor, head));
  }

  CompletionStage<OptionalLong> highestVisible() {
    return call(log::highestVisible);
  }

  /** A page of its own for a request that is not shared. */
  CompletionStage<ReadResult> readOnce(
      Cursor start, Cursor upTo, EventFilter filter, int maxEvents, boolean reverse) {
    PageLimits own = new PageLimits(maxEvents, limits.maxScanned(), limits.maxBytes());
    return call(
        connection ->
            reverse
                ? log.readBackward(connection, start, upTo, filter, own)
                : log.readForward(connection, start, upTo, filter, own));
  }

  long reads() {
    return reads.sum();
  }

  long shared() {
    return Math.max(0, requests.sum() - reads.sum());
  }

  private SharedRead readPage(Connection connection, Cursor after, Cursor upTo, EventFilter filter)
      throws SQLException {
    reads.increment();
    ReadResult result = log.readForward(connection, after, upTo, filter, limits);
    if (result instanceof ReadResult.Page page) {
      return new SharedRead.Page(
          page.events().stream().map(HubEvent::new).toList(), page.scannedTo());
    }
    return new SharedRead.Lost((ReadResult.Lost) result);
  }

  private static int weight(SharedRead read) {
    if (!(read instanceof SharedRead.Page page)) {
      return 1;
    }
    long bytes = 64;
    for (HubEvent event : page.events()) {
      bytes += event.weight();
    }
    return (int) Math.min(bytes, Integer.MAX_VALUE);
  }

  private interface Work<T> {
    T on(Connection connection) throws SQLException;
  }

  private <T> CompletableFuture<T> call(Work<T> work) {
    return CompletableFuture.supplyAsync(
        () -> {
          try (Connection connection = dataSource.getConnection()) {
            return work.on(connection);
          } catch (SQLException e) {
            throw new CompletionException(e);
          }
        },
        executor);
  }
}
