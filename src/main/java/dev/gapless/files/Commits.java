package dev.gapless.files;

import dev.gapless.event.Cursor;
import dev.gapless.files.FileJdbc.Ended;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells what became of a COMMIT that got no answer. Thread-safe. */
final class Commits {
  private static final Logger LOG = LoggerFactory.getLogger(Commits.class);

  /** How often the database is asked. */
  private static final int QUESTIONS = 3;

  private final FileJdbc jdbc;
  private final FileChanges changes;
  private final Runnable afterCommit;

  Commits(FileJdbc jdbc, FileChanges changes, Runnable afterCommit) {
    this.jdbc = jdbc;
    this.changes = changes;
    this.afterCommit = afterCommit;
  }

  /**
   * The result of a transaction, once it is known to have committed. Where COMMIT got no answer the
   * database is asked, after everybody who changed the version has ended: the transaction may still
   * be at it.
   *
   * @param version that the transaction linked or unlinked
   * @param event that it appended
   */
  <R> CompletionStage<R> confirm(
      Ended<?> ended, long version, Cursor event, R result, Function<Outcome, R> unavailable) {
    if (ended.doubt().isEmpty()) {
      afterCommit.run();
      return CompletableFuture.completedFuture(result);
    }
    LOG.warn("no answer to COMMIT, SQLSTATE {}", ended.doubt().get().getSQLState());
    return ask(version, event, QUESTIONS)
        .thenApply(
            committed -> {
              if (!committed) {
                return unavailable.apply(Outcome.NOT_COMMITTED);
              }
              afterCommit.run();
              return result;
            })
        .exceptionally(failure -> unavailable.apply(Outcome.UNKNOWN));
  }

  private CompletionStage<Boolean> ask(long version, Cursor event, int times) {
    return jdbc.transaction(
            connection -> {
              VersionRows.awaitWriters(connection, version);
              return changes.committed(connection, event);
            },
            committed -> false)
        .thenApply(Ended::result)
        .exceptionallyCompose(
            failure ->
                times > 1
                    ? ask(version, event, times - 1)
                    : CompletableFuture.failedFuture(failure));
  }
}
