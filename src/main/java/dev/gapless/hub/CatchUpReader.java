package dev.gapless.hub;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import dev.gapless.event.EventFilter;
import dev.gapless.log.EventLog;
import dev.gapless.log.EventLog.CursorCheck;
import dev.gapless.log.EventLog.PageLimits;
import dev.gapless.log.EventLog.ReadResult;
import dev.gapless.log.LastFailure;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Reads of the log for subscribers that are not live. Clients that replay the same stretch share
 * its pages: one read in flight per page, and the pages of the last seconds are kept within a
 * bound. The executor's size bounds the reads in flight. Thread-safe.
 */
final class CatchUpReader {
  // long enough for a storm of clients to walk through the same pages one behind the other
  private static final Duration KEPT = Duration.ofSeconds(10);

  // a hundred or two bytes each; after a storm most clients have one of few cursors
  private static final int MOST_CHECKS = 10_000;

  /** As {@link ReadResult}, with events that share their frames. */
  sealed interface SharedRead {
    /**
     * @param movesOn whether it ends after where it begins
     */
    record Page(List<HubEvent> events, Cursor scannedTo, boolean movesOn) implements SharedRead {}

    record Lost(ReadResult.Lost lost) implements SharedRead {}
  }

  /** {@code history} tells one history of the log from the next: pages do not outlive it. */
  private record Key(Ring history, Cursor after, EventFilter filter) {}

  private record Verified(Ring history, Cursor cursor) {}

  private final EventLog log;
  private final DataSource dataSource;
  private final Executor executor;
  private final PageLimits limits;
  private final PageCache<Key, SharedRead> pages;
  private final PageCache<Verified, CursorCheck> checks;
  private final LongAdder reads = new LongAdder();
  private final LongAdder requests = new LongAdder();
  private final LongAdder cursorChecks = new LongAdder();
  private final AtomicInteger pending = new AtomicInteger();
  private final LongAdder failures = new LongAdder();
  private volatile @Nullable LastFailure lastFailure;

  CatchUpReader(EventLog log, DataSource dataSource, Executor executor, HubSettings settings) {
    this.log = log;
    this.dataSource = dataSource;
    this.executor = executor;
    this.limits = new PageLimits(settings.pageEvents(), settings.pageScan(), settings.pageBytes());
    this.pages = new PageCache<>(settings.cacheBytes(), CatchUpReader::weight, KEPT, executor);
    this.checks =
        new PageCache<>(
            MOST_CHECKS, answer -> answer instanceof CursorCheck.Valid ? 1 : 0, KEPT, executor);
  }

  /**
   * The next page after a cursor, not beyond {@code upTo} (a page that was read for somebody else
   * may end earlier). Fails with the database's error.
   */
  CompletionStage<SharedRead> read(Ring history, Cursor after, Cursor upTo, EventFilter filter) {
    requests.increment();
    return load(new Key(history, after, filter), upTo);
  }

  /**
   * Begins to read the pages that {@link #read} will be asked for next, one after the other; they
   * may be gone by then. What the ring has is left to it.
   */
  void readAhead(Ring history, Cursor after, Cursor upTo, EventFilter filter, int pages) {
    if (pages == 0
        || after.compareTo(upTo) >= 0
        || history.after(after.position(), 1, 1).isPresent()) {
      return;
    }
    load(new Key(history, after, filter), upTo)
        .thenAccept(
            read -> {
              if (read instanceof SharedRead.Page page && page.movesOn()) {
                readAhead(history, page.scannedTo(), upTo, filter, pages - 1);
              }
            });
  }

  private CompletionStage<SharedRead> load(Key key, Cursor upTo) {
    return pages.get(key, () -> call(c -> readPage(c, key.after(), upTo, key.filter())));
  }

  /**
   * Verifies a cursor to begin at. Those who come back with the same one share the answer for some
   * seconds: what was part of a history stays part of it, and if retention removes it meanwhile the
   * page after it says so.
   */
  CompletionStage<CursorCheck> check(Ring history, Cursor cursor, Cursor head) {
    return checks.get(new Verified(history, cursor), () -> checkNow(cursor, head));
  }

  /** Asks the log itself. */
  CompletableFuture<CursorCheck> checkNow(Cursor cursor, Cursor head) {
    return call(
        connection -> {
          cursorChecks.increment();
          return log.check(connection, cursor, head);
        });
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

  /** How often the log was asked about a cursor. */
  long cursorChecks() {
    return cursorChecks.sum();
  }

  /** Reads that run or wait for a thread. */
  int pending() {
    return pending.get();
  }

  long failures() {
    return failures.sum();
  }

  Optional<LastFailure> lastFailure() {
    return Optional.ofNullable(lastFailure);
  }

  long shared() {
    return Math.max(0, requests.sum() - reads.sum());
  }

  private SharedRead readPage(Connection connection, Cursor after, Cursor upTo, EventFilter filter)
      throws SQLException {
    reads.increment();
    ReadResult result = log.readForward(connection, after, upTo, filter, limits);
    if (result instanceof ReadResult.Page page) {
      List<Event> events = page.complete() ? page.events() : aligned(page, limits.maxEvents());
      Cursor scannedTo =
          events.size() < page.events().size()
              ? events.get(events.size() - 1).cursor()
              : page.scannedTo();
      return new SharedRead.Page(
          events.stream().map(HubEvent::new).toList(), scannedTo, scannedTo.compareTo(after) > 0);
    }
    return new SharedRead.Lost((ReadResult.Lost) result);
  }

  /**
   * Without what is above the last multiple of {@code unit} in it: whoever begins in the middle of
   * the others' pages has the same pages as they have from the second one on.
   */
  static List<Event> aligned(ReadResult.Page page, int unit) {
    List<Event> events = page.events();
    if (events.isEmpty()
        || events.get(events.size() - 1).position() != page.scannedTo().position()) {
      return events;
    }
    long end = page.scannedTo().position() / unit * unit;
    int kept = events.size();
    while (kept > 0 && events.get(kept - 1).position() > end) {
      kept--;
    }
    return kept == 0 ? events : events.subList(0, kept);
  }

  /** Nothing if it brings nobody forward: who asks again wants what there is then. */
  private static long weight(SharedRead read) {
    if (!(read instanceof SharedRead.Page page) || !page.movesOn()) {
      return 0;
    }
    long bytes = 64;
    for (HubEvent event : page.events()) {
      bytes += event.weight();
    }
    return bytes;
  }

  private interface Work<T> {
    T on(Connection connection) throws SQLException;
  }

  private <T> CompletableFuture<T> call(Work<T> work) {
    pending.incrementAndGet();
    CompletableFuture<T> result = new CompletableFuture<>();
    try {
      result.completeAsync(() -> run(work), executor);
    } catch (RuntimeException refused) {
      // by an executor that has ended
      result.completeExceptionally(refused);
    }
    return result.whenComplete((value, failure) -> pending.decrementAndGet());
  }

  private <T> T run(Work<T> work) {
    try (Connection connection = dataSource.getConnection()) {
      return work.on(connection);
    } catch (SQLException e) {
      failures.increment();
      lastFailure = LastFailure.of(e);
      throw new CompletionException(e);
    }
  }
}
