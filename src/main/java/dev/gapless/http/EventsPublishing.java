package dev.gapless.http;

import dev.gapless.event.EventDraft;
import dev.gapless.event.InvalidValueException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.stream.Collectors;
import org.apache.pekko.actor.ClassicActorSystemProvider;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpHeader;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code POST /v1/events}. Thread-safe. */
final class EventsPublishing {
  private static final String KEY_HEADER = "Idempotency-Key";
  private static final int MAX_KEY = 128;

  private static final Logger LOG = LoggerFactory.getLogger(EventsPublishing.class);

  private final AccessGuard guard;
  private final Publisher publisher;
  private final DraftParser parser;
  private final HttpSettings settings;
  private final Admission admission;
  private final Semaphore bodies;
  private final Executor blocking;
  private final ClassicActorSystemProvider system;

  EventsPublishing(HttpServices services, Publisher publisher, ClassicActorSystemProvider system) {
    this.guard = services.guard();
    this.publisher = publisher;
    this.settings = services.settings();
    this.parser = new DraftParser(settings.maxDrafts(), settings.maxData());
    this.admission = services.admission();
    this.bodies = new Semaphore(settings.maxPublishing());
    this.blocking = services.publishing();
    this.system = system;
  }

  CompletionStage<HttpResponse> handle(HttpRequest request, RequestTarget target) {
    // who may write nothing at all is refused before the body is read
    return guard
        .admit(request, new Access.Write(Set.of()))
        .thenCompose(
            grant -> {
              admission.publishRequest(grant);
              return receive(request);
            });
  }

  private CompletionStage<HttpResponse> receive(HttpRequest request) {
    RequestBodies.requireJson(request);
    Optional<String> key = key(request);
    if (!bodies.tryAcquire()) {
      admission.count(Refusal.MAX_PUBLISHING);
      throw Problem.of(503, "too many requests are publishing at the moment")
          .with("outcome", "not-committed")
          .asException();
    }
    CompletionStage<HttpResponse> answer;
    try {
      answer =
          RequestBodies.read(request, settings.maxBody(), settings.bodyTimeout(), system)
              .thenCompose(body -> publish(request, key, body));
    } catch (RuntimeException failure) {
      answer = CompletableFuture.failedFuture(failure);
    }
    return answer.whenComplete((done, failure) -> bodies.release());
  }

  private CompletionStage<HttpResponse> publish(
      HttpRequest request, Optional<String> key, byte[] body) {
    // parsing megabytes takes its time: not on the dispatcher that serves the streams
    return CompletableFuture.supplyAsync(() -> parse(body, TraceContext.of(request)), blocking)
        .thenCompose(
            drafts ->
                guard
                    .admit(request, Access.Write.of(places(drafts)))
                    .thenApplyAsync(
                        grant -> {
                          admission.publishEvents(grant, drafts.size());
                          return created(publisher.publish(drafts, identify(grant, key, body)));
                        },
                        blocking));
  }

  private List<EventDraft> parse(byte[] body, Optional<String> traceparent) {
    try {
      return parser.parse(body, traceparent);
    } catch (ProblemException refused) {
      Problem problem = refused.problem();
      if (problem.status() == 413 && "data".equals(problem.members().get("field"))) {
        LOG.atInfo()
            .addKeyValue("payload_size", body.length)
            .addKeyValue("payload_limit", settings.maxData())
            .log("event_over_limit");
      }
      throw refused;
    }
  }

  private static Set<RequestTarget.OwnerPath> places(List<EventDraft> drafts) {
    return drafts.stream()
        .map(draft -> new RequestTarget.OwnerPath(draft.owner(), draft.path()))
        .collect(Collectors.toSet());
  }

  private static Optional<Publisher.IdempotencyKey> identify(
      Grant grant, Optional<String> key, byte[] body) {
    String caller = grant.dependsOn().map(TokenHash::hex).orElse("anyone");
    return key.map(
        text ->
            new Publisher.IdempotencyKey(
                sha256(caller.getBytes(StandardCharsets.UTF_8)), text, sha256(body)));
  }

  private static Optional<String> key(HttpRequest request) {
    Optional<String> key = Optional.empty();
    for (HttpHeader header : request.getHeaders()) {
      if (header.is("idempotency-key")) {
        if (key.isPresent()) {
          throw InvalidValueException.of(KEY_HEADER, "given more than once");
        }
        key = Optional.of(header.value());
      }
    }
    key.ifPresent(
        text -> {
          if (text.isEmpty()
              || text.length() > MAX_KEY
              || !text.chars().allMatch(c -> c >= 0x20 && c < 0x7f)) {
            throw InvalidValueException.of(
                KEY_HEADER, "1 to " + MAX_KEY + " printable ASCII characters");
          }
        });
    return key;
  }

  private static HttpResponse created(String json) {
    return HttpResponse.create()
        .withStatus(201)
        .withEntity(HttpEntities.create(ContentTypes.APPLICATION_JSON, json))
        .addHeader(RawHeader.create("Cache-Control", "no-store"));
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException everyPlatformHasIt) {
      throw new IllegalStateException(everyPlatformHasIt);
    }
  }
}
