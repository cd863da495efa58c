package dev.gapless.homeserver;

import dev.gapless.files.FileAnswers;
import dev.gapless.files.FileKey;
import dev.gapless.files.FileStore;
import dev.gapless.files.Listing;
import dev.gapless.files.ListingRequest;
import dev.gapless.http.Access;
import dev.gapless.http.AccessGuard;
import dev.gapless.http.AccessGuard.HostRule;
import dev.gapless.http.Admission;
import dev.gapless.http.Cors;
import dev.gapless.http.Grant;
import dev.gapless.http.QueryParameters;
import dev.gapless.http.RequestTarget;
import dev.gapless.http.Resource;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.http.javadsl.model.HttpMethods;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.server.Directives;
import org.apache.pekko.http.javadsl.server.PathMatchers;
import org.apache.pekko.http.javadsl.server.Route;

/**
 * The files of the homeserver API: {@code /pub/…} and {@code /priv/…} of the user that the request
 * names. The same storage as {@code /v1/files}. Everything is authorised before it is looked up.
 * Thread-safe.
 */
public final class HomeserverFileRoutes {
  private final FileStore store;
  private final FileAnswers answers;
  private final AccessGuard guard;

  private HomeserverFileRoutes(FileStore store, FileAnswers answers, AccessGuard guard) {
    this.store = store;
    this.answers = answers;
    this.guard = guard;
  }

  /** The routes; they reject every path that is not below {@code /pub/} or {@code /priv/}. */
  public static Route create(
      ActorSystem<?> system, FileStore store, AccessGuard guard, Admission admission) {
    FileAnswers answers =
        FileAnswers.create(
            system,
            store,
            admission,
            problem -> PlainAnswers.text(problem.status(), problem.detail()));
    return new HomeserverFileRoutes(store, answers, guard).routes();
  }

  private Route routes() {
    Route files =
        Resource.create(Cors.any(), PlainAnswers.VARY, PlainAnswers::fault)
            .on(HttpMethods.GET, this::read)
            .on(HttpMethods.HEAD, this::read)
            .receiving(HttpMethods.PUT, this::put)
            .on(HttpMethods.DELETE, this::delete)
            .route();
    return Directives.concat(
        Directives.pathPrefix(PathMatchers.segment("pub").slash(), () -> files),
        Directives.pathPrefix(PathMatchers.segment("priv").slash(), () -> files));
  }

  /** A file or folder of a user. */
  private record Place(String user, String path, QueryParameters query) {}

  private CompletionStage<HttpResponse> read(HttpRequest request, RequestTarget target) {
    Place place = place(request, target);
    return admitted(
        request,
        Access.Read.of(place.user(), place.path()),
        grant ->
            place.path().endsWith("/")
                ? list(ListingQuery.parse(place.query(), place.user(), place.path()))
                : answers.get(request, new FileKey(place.user(), place.path())));
  }

  private CompletionStage<HttpResponse> list(ListingRequest request) {
    return store
        .list(request)
        .thenCompose(
            page -> {
              boolean found = !page.entries().isEmpty();
              return found || request.after().isEmpty()
                  ? CompletableFuture.completedFuture(answer(request, page, found))
                  : exists(request).thenApply(exists -> answer(request, page, exists));
            });
  }

  /** Whether there is a folder at all, wherever the cursor stands. */
  private CompletionStage<Boolean> exists(ListingRequest request) {
    return store
        .list(
            new ListingRequest(
                request.owner(), request.folder(), 1, Optional.empty(), false, false))
        .thenApply(page -> !page.entries().isEmpty());
  }

  private static HttpResponse answer(ListingRequest request, Listing page, boolean exists) {
    if (!exists) {
      return PlainAnswers.text(404, "Directory Not Found");
    }
    return PlainAnswers.text(
        200,
        page.entries().stream()
            .map(entry -> PubkyUrls.of(request.owner(), entry.path()))
            .collect(Collectors.joining("\n")));
  }

  private CompletionStage<HttpResponse> put(HttpRequest request, RequestTarget target) {
    Place place = place(request, target);
    return admitted(
        request,
        Access.Write.of(place.user(), place.path()),
        grant ->
            answers
                .put(request, grant, place.user(), place.path())
                .thenApply(stored -> FileAnswers.changed(201, stored)));
  }

  private CompletionStage<HttpResponse> delete(HttpRequest request, RequestTarget target) {
    Place place = place(request, target);
    return admitted(
        request,
        Access.Write.of(place.user(), place.path()),
        grant -> answers.delete(request, grant, new FileKey(place.user(), place.path())));
  }

  private CompletionStage<HttpResponse> admitted(
      HttpRequest request, Access access, Function<Grant, CompletionStage<HttpResponse>> work) {
    return guard
        .admit(request, access, HostRule.LOOPBACK_OR_USER_KEY)
        .whenComplete(
            (grant, refused) -> {
              if (refused != null) {
                answers.discard(request);
              }
            })
        .thenCompose(work);
  }

  private Place place(HttpRequest request, RequestTarget target) {
    try {
      QueryParameters query = QueryParameters.of(request);
      return new Place(RequestUser.of(request, query), target.whole(), query);
    } catch (RuntimeException e) {
      answers.discard(request);
      throw e;
    }
  }
}
