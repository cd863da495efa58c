package dev.gapless.homeserver;

import dev.gapless.http.Problem;
import dev.gapless.http.Problems;
import java.util.List;
import java.util.Optional;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;

/** This API answers in short plain text. */
final class PlainAnswers {
  /** What an answer depends on beside the target: caches must not mix users or credentials. */
  static final String VARY = "pubky-host, Authorization, Cookie";

  private static final RawHeader NO_STORE = RawHeader.create("Cache-Control", "no-store");
  private static final RawHeader NO_SNIFF = RawHeader.create("X-Content-Type-Options", "nosniff");

  private PlainAnswers() {}

  static HttpResponse text(int status, String body) {
    return HttpResponse.create()
        .withStatus(status)
        .withEntity(HttpEntities.create(ContentTypes.TEXT_PLAIN_UTF8, body))
        .addHeader(NO_STORE)
        .addHeader(NO_SNIFF);
  }

  /** Any failure as an answer; what is the node's fault is logged with its request id. */
  static HttpResponse fault(Throwable failure) {
    Throwable cause = Problems.unwrap(failure);
    if (cause instanceof InvalidRequestException invalid) {
      return text(400, invalid.body());
    }
    Problem problem = Problems.of(cause);
    HttpResponse logged = Problems.respond(cause);
    HttpResponse answer =
        text(problem.status(), problem.status() == 404 ? "Not Found" : problem.detail());
    for (String name : List.of(Problem.REQUEST_ID, "Retry-After")) {
      Optional<String> value = logged.getHeader(name).map(header -> header.value());
      if (value.isPresent()) {
        answer = answer.addHeader(RawHeader.create(name, value.get()));
      }
    }
    return answer;
  }
}
