package dev.gapless.files;

import dev.gapless.event.Cursor;
import dev.gapless.event.Traceparent;
import dev.gapless.log.EventLog;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import javax.sql.DataSource;
import org.apache.pekko.NotUsed;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.pattern.Patterns;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files in PostgreSQL. A change of a file and its event are one transaction: both happen or
 * neither, and the events of a path are in the order of its changes. Contents are immutable
 * versions; a read yields one version whole, whatever happens to the file meanwhile.
 *
 * <p>No method blocks; the work on the database happens on the dispatcher of the settings, which
 * should have as many threads as the pool has connections. No connection is held while a body
 * arrives or is read. Reads fail with {@link FilesUnavailableException} while the database does not
 * answer. Thread-safe.
 */
public final class FileStore {
  private static final Logger LOG = LoggerFactory.getLogger(FileStore.class);

  // an erasure takes a few milliseconds if the owner has few events
  private static final Duration FIRST_LOOK = Duration.ofMillis(20);
  private static final Duration LONGEST_PAUSE = Duration.ofMillis(250);

  private final ActorSystem<?> system;
  private final FileSettings settings;
  private final FileJdbc jdbc;
  private final FileChanges changes;
  private final Commits commits;
  private final Runnable afterCommit;
  private final Semaphore uploads;
  private final LongAdder bytesStored = new LongAdder();
  private final LongAdder bytesRead = new LongAdder();

  private FileStore(
      ActorSystem<?> system,
      FileSettings settings,
      FileJdbc jdbc,
      FileChanges changes,
      Commits commits,
      Runnable afterCommit) {
    this.system = system;
    this.settings = settings;
    this.jdbc = jdbc;
    this.changes = changes;
    this.commits = commits;
    this.afterCommit = afterCommit;
    this.uploads = new Semaphore(settings.maxUploads());
  }

  /**
   * @param dataSource a pool of connections to the primary
   * @param afterCommit called after each commit that appended an event, to wake the tail of this
   *     node; must not block
   */
  public static FileStore create(
      ActorSystem<?> system,
      DataSource dataSource,
      EventLog log,
      FileSettings settings,
      Runnable afterCommit) {
    FileJdbc jdbc =
        new FileJdbc(
            dataSource,
            system.dispatchers().lookup(DispatcherSelector.fromConfig(settings.dispatcher())));
    FileChanges changes = new FileChanges(log, settings);
    Commits commits = new Commits(jdbc, changes, afterCommit);
    return new FileStore(system, settings, jdbc, changes, commits, afterCommit);
  }

  /** How many bodies are being taken now. */
  public int uploadsInFlight() {
    return settings.maxUploads() - uploads.availablePermits();
  }

  /** Bytes of bodies that were stored since the start, those of uploads that failed included. */
  public long bytesStored() {
    return bytesStored.sum();
  }

  /** Bytes of files that were handed on to readers since the start. */
  public long bytesRead() {
    return bytesRead.sum();
  }

  public FileSettings settings() {
    return settings;
  }

  /**
   * Stores a file. The body is taken at the pace of the database, and cancelled at once if the
   * request cannot succeed as things are.
   */
  public CompletionStage<PutResult> put(PutRequest request, Source<ByteString, ?> body) {
    if (request.contentLength().orElse(0) > settings.maxBytes()) {
      return CompletableFuture.completedFuture(
          refuse(new PutResult.TooLarge(settings.maxBytes()), body));
    }
    return foresee(request)
        .thenCompose(
            refusal ->
                refusal.isPresent()
                    ? CompletableFuture.completedFuture(refuse(refusal.get(), body))
                    : upload(request, body))
        .exceptionally(
            failure ->
                unwrap(failure) instanceof BodyRefusedException refused
                    ? refused.answer()
                    : FileStore.<PutResult>answer(PutResult.Unavailable::new).apply(failure));
  }

  /** Removes a file. */
  public CompletionStage<DeleteResult> delete(FileKey key, Conditions conditions) {
    return delete(key, conditions, Optional.empty());
  }

  /**
   * Removes a file.
   *
   * @param traceparent the trace context of its event, see {@link Traceparent}
   * @throws dev.gapless.event.InvalidValueException if it is none
   */
  public CompletionStage<DeleteResult> delete(
      FileKey key, Conditions conditions, Optional<String> traceparent) {
    traceparent.ifPresent(text -> Traceparent.require("traceparent", text));
    return jdbc.transaction(
            connection -> {
              Optional<StoredFile> current = FileRows.find(connection, key);
              return new Deletion(
                  current, changes.delete(connection, key, conditions, traceparent));
            },
            deletion -> deletion.result() instanceof DeleteResult.Deleted)
        .thenCompose(
            ended -> {
              DeleteResult result = ended.result().result();
              if (!(result instanceof DeleteResult.Deleted deleted)) {
                return CompletableFuture.completedFuture(result);
              }
              long version = ended.result().before().map(StoredFile::version).orElse(0L);
              return commits.confirm(
                  ended, version, deleted.event(), result, DeleteResult.Unavailable::new);
            })
        .exceptionally(answer(DeleteResult.Unavailable::new));
  }

  /** The file as it is now, if there is one. */
  public CompletionStage<Optional<StoredFile>> find(FileKey key) {
    return readOnly(connection -> FileRows.find(connection, key));
  }

  /**
   * The contents of a file that {@link #find} gave less than the setting {@code grace} ago. Emits
   * one chunk for each pull, completes after the last byte, and fails if the database does: never
   * with bytes of another version.
   */
  public Source<ByteString, NotUsed> read(StoredFile file) {
    return file.size() == 0 ? Source.empty() : read(file, new ByteRange(0, file.size() - 1));
  }

  /** As {@link #read(StoredFile)}, a part; the range must lie within the file. */
  public Source<ByteString, NotUsed> read(StoredFile file, ByteRange range) {
    if (range.last() >= file.size()) {
      throw new IllegalArgumentException("range beyond the end of the file");
    }
    return Source.fromGraph(new FileContents(jdbc, file, range, settings.grace(), bytesRead));
  }

  public CompletionStage<Listing> list(ListingRequest request) {
    return readOnly(connection -> ListingRows.list(connection, request));
  }

  /** Which of the owners are registered: have ever stored a file. */
  public CompletionStage<Set<String>> registered(Collection<String> owners) {
    List<String> asked = List.copyOf(owners);
    return readOnly(connection -> FileRows.registered(connection, asked));
  }

  /** Gives an owner a quota in bytes of its own, or the default again; registers the owner. */
  public CompletionStage<Void> setQuota(String owner, OptionalLong bytes) {
    return readOnly(
            connection -> {
              FileRows.setQuota(connection, owner, bytes);
              return bytes;
            })
        .thenAccept(done -> {});
  }

  /**
   * Removes an owner and all its files; nobody can find them any more, and their contents are
   * removed after the grace. Its events are removed by the nodes soon after: see {@link
   * #awaitErased}.
   *
   * @return the mark that ends them; empty if there is nothing of such an owner
   */
  public CompletionStage<Optional<Cursor>> erase(String owner) {
    return jdbc.transaction(
            connection -> changes.erase(connection, owner), mark -> mark.isPresent())
        .thenApply(
            ended -> {
              afterCommit.run();
              if (ended.doubt().isPresent()) {
                throw new FilesUnavailableException(ended.doubt().get());
              }
              return ended.result();
            })
        .exceptionally(FileStore::unavailable);
  }

  /**
   * Whether all events below a mark are gone, as soon as they are or the patience is over. A
   * database that does not answer says nothing: then they are not known to be.
   */
  public CompletionStage<Boolean> awaitErased(Cursor mark, Duration patience) {
    return awaitErased(mark, System.nanoTime() + patience.toNanos(), FIRST_LOOK);
  }

  private CompletionStage<Boolean> awaitErased(Cursor mark, long deadline, Duration pause) {
    return Patterns.after(
            pause,
            system.classicSystem(),
            () -> readOnly(connection -> changes.isErased(connection, mark)))
        .exceptionally(failure -> false)
        .thenCompose(
            erased ->
                erased || System.nanoTime() - deadline > 0
                    ? CompletableFuture.completedFuture(erased)
                    : awaitErased(mark, deadline, later(pause)));
  }

  private static Duration later(Duration pause) {
    Duration twice = pause.multipliedBy(2);
    return twice.compareTo(LONGEST_PAUSE) < 0 ? twice : LONGEST_PAUSE;
  }

  /** Removes up to that many versions that nobody needs; returns how many there were. */
  CompletionStage<Integer> removeUnneeded(int limit) {
    return readOnly(
        connection -> {
          List<Long> versions = VersionRows.removable(connection, limit);
          for (long version : versions) {
            VersionRows.remove(connection, version);
          }
          return versions.size();
        });
  }

  private record Deletion(Optional<StoredFile> before, DeleteResult result) {}

  /** Saves a client from sending what cannot be stored; a small body is not worth the question. */
  private CompletionStage<Optional<PutResult>> foresee(PutRequest request) {
    long size = request.contentLength().orElse(Long.MAX_VALUE);
    if (size <= settings.chunkBytes()) {
      return CompletableFuture.completedFuture(Optional.empty());
    }
    long atLeast = request.contentLength().orElse(0);
    return jdbc.run(
        connection -> changes.foresee(connection, request.key(), atLeast, request.conditions()));
  }

  private PutResult refuse(PutResult answer, Source<ByteString, ?> body) {
    body.runWith(Sink.cancelled(), system);
    return answer;
  }

  private CompletionStage<PutResult> upload(PutRequest request, Source<ByteString, ?> body) {
    if (!uploads.tryAcquire()) {
      return CompletableFuture.completedFuture(refuse(new PutResult.Busy(), body));
    }
    Upload upload = new Upload(jdbc, settings, bytesStored);
    return upload
        .run(system, body)
        .thenCompose(staged -> link(request, staged))
        .whenComplete(
            (result, failure) -> {
              uploads.release();
              if (failure != null || !(result instanceof PutResult.Stored)) {
                upload.abandon();
              }
            });
  }

  private CompletionStage<PutResult> link(PutRequest request, Staged staged) {
    return jdbc.transaction(
            connection -> changes.put(connection, request, staged),
            result -> result instanceof PutResult.Stored)
        .thenCompose(
            ended ->
                ended.result() instanceof PutResult.Stored stored
                    ? commits.confirm(
                        ended, staged.version(), stored.event(), stored, PutResult.Unavailable::new)
                    : CompletableFuture.completedFuture(ended.result()));
  }

  private static <R> Function<Throwable, R> answer(Function<Outcome, ? extends R> unavailable) {
    return failure -> {
      Throwable cause = unwrap(failure);
      if (cause instanceof SQLException sql) {
        LOG.atWarn().addKeyValue("state", sql.getSQLState()).log("write_failed");
        return unavailable.apply(Outcome.NOT_COMMITTED);
      }
      throw cause instanceof RuntimeException e ? e : new CompletionException(cause);
    };
  }

  private <T> CompletionStage<T> readOnly(FileJdbc.Work<T> work) {
    return jdbc.run(work).exceptionally(FileStore::unavailable);
  }

  private static <T> T unavailable(Throwable failure) {
    Throwable cause = unwrap(failure);
    if (cause instanceof SQLException sql) {
      throw new FilesUnavailableException(sql);
    }
    throw cause instanceof RuntimeException e ? e : new CompletionException(cause);
  }

  private static Throwable unwrap(Throwable failure) {
    Throwable cause = failure;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }
}
