package dev.gapless.http;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.pekko.Done;
import org.apache.pekko.http.javadsl.model.HttpMethod;
import org.apache.pekko.http.javadsl.model.HttpMethods;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.apache.pekko.http.javadsl.server.Directives;
import org.apache.pekko.http.javadsl.server.Route;
import org.apache.pekko.stream.Materializer;

/**
 * One path with its methods: any other method is 405 with {@code Allow}, OPTIONS answers
 * preflights, and every failure becomes an answer. Immutable; build it once and mount its route.
 */
public final class Resource {

  /** Answers one request. It may throw or fail: both become answers. */
  @FunctionalInterface
  public interface Handler {
    CompletionStage<HttpResponse> handle(HttpRequest request, RequestTarget target);
  }

  private static final String NATIVE_VARY = "Accept, Authorization, Cookie, Origin";

  private final Cors cors;
  private final String vary;
  private final Function<Throwable, HttpResponse> faults;
  private final Map<HttpMethod, Operation> operations;

  /**
   * What a method does.
   *
   * @param readsBody whether the handler does so; otherwise the body is taken before it is asked
   */
  private record Operation(Handler handler, boolean readsBody) {}

  private Resource(
      Cors cors,
      String vary,
      Function<Throwable, HttpResponse> faults,
      Map<HttpMethod, Operation> operations) {
    this.cors = cors;
    this.vary = vary;
    this.faults = faults;
    this.operations = operations;
  }

  /** A resource that answers failures with problem documents. */
  public static Resource create(Cors cors) {
    return new Resource(cors, NATIVE_VARY, Problems::respond, Map.of());
  }

  /** A resource that answers failures in its own way, and whose answers vary with these headers. */
  public static Resource create(Cors cors, String vary, Function<Throwable, HttpResponse> faults) {
    return new Resource(cors, vary, faults, Map.of());
  }

  /** Adds a method that has no use for a body. */
  public Resource on(HttpMethod method, Handler handler) {
    return with(method, new Operation(handler, false));
  }

  /** Adds a method whose handler reads the body. */
  public Resource receiving(HttpMethod method, Handler handler) {
    return with(method, new Operation(handler, true));
  }

  private Resource with(HttpMethod method, Operation operation) {
    Map<HttpMethod, Operation> more = new LinkedHashMap<>(operations);
    more.put(method, operation);
    return new Resource(cors, vary, faults, more);
  }

  /** The route; mount it where the path is matched (the rest stays for the target). */
  public Route route() {
    return Directives.extractMatchedPath(
        matched ->
            Directives.extractMaterializer(
                materializer ->
                    Directives.handle(request -> answer(request, matched, materializer))));
  }

  private CompletionStage<HttpResponse> answer(
      HttpRequest request, String matched, Materializer materializer) {
    CompletionStage<HttpResponse> answer;
    try {
      answer = dispatch(request, matched, materializer);
    } catch (RuntimeException failure) {
      answer = CompletableFuture.failedFuture(failure);
    }
    return answer
        .exceptionally(faults)
        .thenCompose(response -> afterBody(request, response, materializer))
        .thenApply(response -> cors.decorate(request, varying(response)));
  }

  // an answer before the end of the request cuts its sender off
  private static CompletionStage<HttpResponse> afterBody(
      HttpRequest request, HttpResponse response, Materializer materializer) {
    // who waits for leave to send need not send for nothing
    boolean held = response.status().isFailure() && request.getHeader("Expect").isPresent();
    return request.entity().isStrict() || held
        ? CompletableFuture.completedFuture(response)
        : RequestBodies.discard(request, materializer).handle((done, failure) -> response);
  }

  private HttpResponse varying(HttpResponse response) {
    return response.getHeader("Vary").isPresent()
        ? response
        : response.addHeader(RawHeader.create("Vary", vary));
  }

  private CompletionStage<HttpResponse> dispatch(
      HttpRequest request, String matched, Materializer materializer) {
    Operation operation = operations.get(request.method());
    if (operation == null && !request.method().equals(HttpMethods.OPTIONS)) {
      HttpResponse refused = faults.apply(Problem.of(405, "use one of: " + allow()).asException());
      return CompletableFuture.completedFuture(
          refused.addHeader(RawHeader.create("Allow", allow())));
    }
    if (operation != null && operation.readsBody()) {
      return operation.handler().handle(request, RequestTarget.of(request, matched));
    }
    // first: what is done must not be refused for its body afterwards, and of an answer that is no
    // refusal and comes before the end of the request Pekko logs the target
    return whole(request, materializer)
        .thenCompose(
            done ->
                operation == null
                    ? CompletableFuture.completedFuture(cors.options(request, allow()))
                    : operation.handler().handle(request, RequestTarget.of(request, matched)));
  }

  /** When a body that nobody wants has been taken; fails if it is none. */
  private static CompletionStage<Done> whole(HttpRequest request, Materializer materializer) {
    return request.entity().isStrict()
        ? CompletableFuture.completedFuture(Done.getInstance())
        : RequestBodies.discard(request, materializer);
  }

  private String allow() {
    StringBuilder names = new StringBuilder();
    operations.keySet().forEach(method -> names.append(method.value()).append(", "));
    return names.append(HttpMethods.OPTIONS.value()).toString();
  }
}
