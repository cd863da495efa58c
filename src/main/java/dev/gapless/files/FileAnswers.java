package dev.gapless.files;

import dev.gapless.event.Cursor;
import dev.gapless.event.InvalidValueException;
import dev.gapless.http.Admission;
import dev.gapless.http.Grant;
import dev.gapless.http.Problem;
import dev.gapless.http.Refusal;
import dev.gapless.http.TraceContext;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.pekko.NotUsed;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.http.javadsl.model.ContentType;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpMethods;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.ResponseEntity;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.apache.pekko.http.scaladsl.model.MediaTypes;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;

/**
 * What the native and the homeserver face have in common: how requests for files become work of the
 * store, and its results become answers. Refusals are thrown as problems, which each face renders
 * in its own way. Thread-safe.
 */
public final class FileAnswers {
  /** The cursor of the event of a change. */
  public static final String EVENT_CURSOR = "X-Event-Cursor";

  /** More of a body that nobody wants is not read to keep the connection. */
  private static final long DISCARDED_BYTES = 256 * 1024;

  private final ActorSystem<?> system;
  private final FileStore store;
  private final Admission admission;
  private final Function<Problem, HttpResponse> refusals;

  private FileAnswers(
      ActorSystem<?> system,
      FileStore store,
      Admission admission,
      Function<Problem, HttpResponse> refusals) {
    this.system = system;
    this.store = store;
    this.admission = admission;
    this.refusals = refusals;
  }

  /**
   * @param refusals how the face renders a problem
   */
  public static FileAnswers create(
      ActorSystem<?> system,
      FileStore store,
      Admission admission,
      Function<Problem, HttpResponse> refusals) {
    return new FileAnswers(system, store, admission, refusals);
  }

  /** Answers GET and HEAD with a file, a part of it, or 304; 404, 412 and 416 are problems. */
  public CompletionStage<HttpResponse> get(HttpRequest request, FileKey key) {
    Conditions conditions = RequestConditions.of(request);
    return store
        .find(key)
        .thenApply(
            found ->
                found
                    .map(file -> answer(request, conditions, file))
                    .orElseThrow(() -> Problem.of(404, "there is no such file").asException()));
  }

  /**
   * Stores the body; whatever does not end in {@link PutResult.Stored} is a problem.
   *
   * @param path of the file, as the request names it; one that cannot be a file's is a problem
   */
  public CompletionStage<PutResult.Stored> put(
      HttpRequest request, Grant grant, String owner, String path) {
    admission.fileChange(grant);
    PutRequest put;
    try {
      FileKey key = new FileKey(owner, path);
      put =
          new PutRequest(
              key,
              contentType(request, key),
              RequestConditions.of(request),
              request.entity().getContentLengthOption(),
              TraceContext.of(request));
    } catch (InvalidValueException e) {
      discard(request);
      throw e;
    }
    return store
        .put(put, request.entity().withoutSizeLimit().getDataBytes())
        .thenApply(this::stored);
  }

  /** Removes a file; whatever does not end in {@link DeleteResult.Deleted} is a problem. */
  public CompletionStage<HttpResponse> delete(HttpRequest request, Grant grant, FileKey key) {
    admission.fileChange(grant);
    return store
        .delete(key, RequestConditions.of(request), TraceContext.of(request))
        .thenApply(
            result -> HttpResponse.create().withStatus(204).addHeader(cursor(deleted(result))));
  }

  /** Takes the body of a request that is answered without it off the connection. */
  public void discard(HttpRequest request) {
    if (!request.entity().isStrict()) {
      var done =
          request
              .entity()
              .withSizeLimit(DISCARDED_BYTES)
              .getDataBytes()
              .takeWithin(java.time.Duration.ofSeconds(5))
              .run(system);
    }
  }

  /** The answer to a change, with the tag and the cursor of its event. */
  public static HttpResponse changed(int status, PutResult.Stored stored) {
    return HttpResponse.create()
        .withStatus(status)
        .addHeader(RawHeader.create("ETag", stored.file().etag()))
        .addHeader(cursor(stored.event()));
  }

  private HttpResponse answer(HttpRequest request, Conditions conditions, StoredFile file) {
    HttpResponse base = described(file);
    switch (conditions.forRead(file)) {
      case FAILED ->
          throw Problem.of(412, "a condition of the request does not hold").asException();
      case NOT_MODIFIED -> {
        return base.withStatus(304);
      }
      case PROCEED -> {}
    }
    ContentType type = contentType(file);
    if (request.method().equals(HttpMethods.HEAD)) {
      return base.withEntity(entity(type, file.size(), Source.empty()));
    }
    ByteRange.Request range =
        ByteRange.resolve(RequestConditions.range(request, file), file.size());
    if (range instanceof ByteRange.Request.Unsatisfiable) {
      return refusals
          .apply(Problem.of(416, "Range: nothing of the file lies in it").with("size", file.size()))
          .addHeader(RawHeader.create("Content-Range", "bytes */" + file.size()));
    }
    if (range instanceof ByteRange.Request.Part part) {
      ByteRange bytes = part.range();
      return base.withStatus(206)
          .addHeader(
              RawHeader.create(
                  "Content-Range",
                  "bytes %d-%d/%d".formatted(bytes.first(), bytes.last(), file.size())))
          .withEntity(HttpEntities.create(type, bytes.length(), store.read(file, bytes)));
    }
    return base.withEntity(entity(type, file.size(), store.read(file)));
  }

  /** Pekko takes a length of 0 for a mistake. */
  private static ResponseEntity entity(
      ContentType type, long length, Source<ByteString, NotUsed> contents) {
    return length == 0
        ? HttpEntities.create(type, ByteString.emptyByteString())
        : HttpEntities.create(type, length, contents);
  }

  private static HttpResponse described(StoredFile file) {
    return HttpResponse.create()
        .addHeader(RawHeader.create("ETag", file.etag()))
        .addHeader(RawHeader.create("Last-Modified", RequestConditions.format(file.modifiedAt())))
        .addHeader(RawHeader.create("Accept-Ranges", "bytes"))
        // contents are their writer's: to read, never to run with the rights of this origin
        .addHeader(RawHeader.create("X-Content-Type-Options", "nosniff"))
        .addHeader(RawHeader.create("Content-Security-Policy", "sandbox; default-src 'none'"))
        .addHeader(RawHeader.create("Cache-Control", "private, no-cache"));
  }

  private PutResult.Stored stored(PutResult result) {
    if (result instanceof PutResult.Stored stored) {
      return stored;
    } else if (result instanceof PutResult.ConditionFailed) {
      throw Problem.of(412, "a condition of the request does not hold").asException();
    } else if (result instanceof PutResult.Collision) {
      throw Problem.of(409, "the path is a folder, or one of its folders is a file").asException();
    } else if (result instanceof PutResult.OverQuota over) {
      throw Problem.of(507, "the files of the owner would exceed its quota")
          .with("quota", over.quotaBytes())
          .asException();
    } else if (result instanceof PutResult.TooLarge large) {
      throw Problem.of(413, "the file is too large").with("limit", large.maxBytes()).asException();
    } else if (result instanceof PutResult.TooSlow) {
      throw Problem.of(408, "the body arrives too slowly").asException();
    } else if (result instanceof PutResult.Busy) {
      admission.count(Refusal.MAX_UPLOADS);
      throw Problem.of(503, "this node takes too many uploads at the moment")
          .with("outcome", "not-committed")
          .asException();
    } else if (result instanceof PutResult.Incomplete) {
      throw Problem.of(400, "the body ended before it was whole").asException();
    } else if (result instanceof PutResult.Unavailable unavailable) {
      throw unavailable(unavailable.outcome());
    }
    throw new IllegalStateException("unknown result");
  }

  private static Cursor deleted(DeleteResult result) {
    if (result instanceof DeleteResult.Deleted deleted) {
      return deleted.event();
    } else if (result instanceof DeleteResult.Absent) {
      throw Problem.of(404, "there is no such file").asException();
    } else if (result instanceof DeleteResult.ConditionFailed) {
      throw Problem.of(412, "a condition of the request does not hold").asException();
    } else if (result instanceof DeleteResult.Unavailable unavailable) {
      throw unavailable(unavailable.outcome());
    }
    throw new IllegalStateException("unknown result");
  }

  private static RuntimeException unavailable(Outcome outcome) {
    return Problem.of(503, "the database is not available")
        .with("outcome", outcome == Outcome.UNKNOWN ? "unknown" : "not-committed")
        .asException();
  }

  private static RawHeader cursor(Cursor event) {
    return RawHeader.create(EVENT_CURSOR, event.toString());
  }

  /** An embedding application may have stored a type that is none. */
  private static ContentType contentType(StoredFile file) {
    try {
      return ContentTypes.parse(file.contentType());
    } catch (IllegalArgumentException e) {
      return ContentTypes.APPLICATION_OCTET_STREAM;
    }
  }

  /** What the client said, or what the name says, or that nothing is known. */
  private static String contentType(HttpRequest request, FileKey key) {
    ContentType given = request.entity().getContentType();
    boolean unknown =
        given.equals(ContentTypes.NO_CONTENT_TYPE)
            || given.equals(ContentTypes.APPLICATION_OCTET_STREAM);
    int dot = key.path().lastIndexOf('.');
    if (!unknown || dot < key.path().lastIndexOf('/')) {
      return given.equals(ContentTypes.NO_CONTENT_TYPE)
          ? ContentTypes.APPLICATION_OCTET_STREAM.toString()
          : given.toString();
    }
    return MediaTypes.forExtension(key.path().substring(dot + 1)).toString();
  }
}
