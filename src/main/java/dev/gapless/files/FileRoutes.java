package dev.gapless.files;

import dev.gapless.event.Cursor;
import dev.gapless.event.InvalidValueException;
import dev.gapless.event.Owners;
import dev.gapless.http.Access;
import dev.gapless.http.AccessGuard;
import dev.gapless.http.Admission;
import dev.gapless.http.Cors;
import dev.gapless.http.Grant;
import dev.gapless.http.HttpSettings;
import dev.gapless.http.Problem;
import dev.gapless.http.QueryParameters;
import dev.gapless.http.RequestTarget;
import dev.gapless.http.RequestTarget.OwnerPath;
import dev.gapless.http.Resource;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpMethods;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.apache.pekko.http.javadsl.server.Directives;
import org.apache.pekko.http.javadsl.server.PathMatchers;
import org.apache.pekko.http.javadsl.server.Route;

/**
 * The native API of files: {@code /v1/files/{owner}/{path}} and {@code DELETE /v1/owners/{owner}}.
 * Everything is authorised before it is looked up. Thread-safe.
 */
public final class FileRoutes {
  // below the time after which the server gives up on a request (20 s)
  private static final Duration ERASURE_PATIENCE = Duration.ofSeconds(10);

  private final FileStore store;
  private final FileAnswers answers;
  private final AccessGuard guard;
  private final Cors cors;

  private FileRoutes(FileStore store, FileAnswers answers, AccessGuard guard, Cors cors) {
    this.store = store;
    this.answers = answers;
    this.guard = guard;
    this.cors = cors;
  }

  public static FileRoutes create(
      ActorSystem<?> system,
      FileStore store,
      AccessGuard guard,
      Admission admission,
      HttpSettings http) {
    return new FileRoutes(
        store,
        FileAnswers.create(system, store, admission, Problem::toResponse),
        guard,
        Cors.of(http.corsOrigins()));
  }

  /** The routes; mount them where {@code /v1} is to be found. */
  public Route routes() {
    Route files =
        Resource.create(cors)
            .on(HttpMethods.GET, this::read)
            .on(HttpMethods.HEAD, this::read)
            .receiving(HttpMethods.PUT, this::put)
            .on(HttpMethods.DELETE, this::delete)
            .route();
    Route owners = Resource.create(cors).on(HttpMethods.DELETE, this::erase).route();
    return Directives.pathPrefix(
        "v1",
        () ->
            Directives.concat(
                Directives.pathPrefix(PathMatchers.segment("files").slash(), () -> files),
                Directives.pathPrefix(PathMatchers.segment("owners").slash(), () -> owners)));
  }

  private CompletionStage<HttpResponse> read(HttpRequest request, RequestTarget target) {
    OwnerPath place = place(request, target);
    return admitted(
        request,
        Access.Read.of(place.owner(), place.path()),
        grant ->
            place.path().endsWith("/")
                ? list(request, place)
                : answers.get(request, new FileKey(place.owner(), place.path())));
  }

  private CompletionStage<HttpResponse> list(HttpRequest request, OwnerPath folder) {
    QueryParameters query = QueryParameters.of(request);
    ListingRequest listing =
        new ListingRequest(
            folder.owner(),
            folder.path(),
            (int)
                query
                    .number("limit", 1, ListingRequest.MAX_LIMIT)
                    .orElse(ListingRequest.DEFAULT_LIMIT),
            query.single("after"),
            query.flag("reverse", false),
            query.flag("shallow", false));
    return store
        .list(listing)
        .thenApply(
            found ->
                HttpResponse.create()
                    .addHeader(RawHeader.create("Cache-Control", "no-store"))
                    .withEntity(
                        HttpEntities.create(
                            ContentTypes.APPLICATION_JSON, ListingJson.render(found))));
  }

  private CompletionStage<HttpResponse> put(HttpRequest request, RequestTarget target) {
    OwnerPath place = place(request, target);
    return admitted(
        request,
        Access.Write.of(place.owner(), place.path()),
        grant ->
            answers
                .put(request, grant, place.owner(), place.path())
                .thenApply(stored -> FileAnswers.changed(stored.created() ? 201 : 200, stored)));
  }

  private CompletionStage<HttpResponse> delete(HttpRequest request, RequestTarget target) {
    OwnerPath place = place(request, target);
    return admitted(
        request,
        Access.Write.of(place.owner(), place.path()),
        grant -> answers.delete(request, grant, new FileKey(place.owner(), place.path())));
  }

  private CompletionStage<HttpResponse> erase(HttpRequest request, RequestTarget target) {
    return admitted(
        request,
        new Access.Operate(),
        grant -> {
          OwnerPath place = target.ownerAndRest();
          if (!place.path().equals("/")) {
            throw InvalidValueException.of("owner", "nothing follows it in the path");
          }
          return store
              .erase(Owners.require("owner", place.owner()))
              .thenCompose(
                  mark ->
                      erased(
                          mark.orElseThrow(
                              () -> Problem.of(404, "there is no such owner").asException())));
        });
  }

  /** 202: all is decided and nothing can take it back, but events are still being removed. */
  private CompletionStage<HttpResponse> erased(Cursor mark) {
    return store
        .awaitErased(mark, ERASURE_PATIENCE)
        .thenApply(
            done ->
                HttpResponse.create()
                    .withStatus(done ? 204 : 202)
                    .addHeader(RawHeader.create(FileAnswers.EVENT_CURSOR, mark.toString())));
  }

  private CompletionStage<HttpResponse> admitted(
      HttpRequest request, Access access, Function<Grant, CompletionStage<HttpResponse>> work) {
    return guard
        .admit(request, access)
        .whenComplete(
            (grant, refused) -> {
              if (refused != null) {
                answers.discard(request);
              }
            })
        .thenCompose(work);
  }

  private OwnerPath place(HttpRequest request, RequestTarget target) {
    try {
      return target.ownerAndRest();
    } catch (InvalidValueException e) {
      answers.discard(request);
      throw e;
    }
  }
}
