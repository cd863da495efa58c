package dev.gapless.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gapless.fuzz.Exchange.Ending;
import dev.gapless.testkit.RawHttp.Answer;
import dev.gapless.testkit.SseParser;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** What holds for every answer, and whether it is the one that the documents promise. */
final class AnswerRules {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** The homeserver API answers in plain text. */
  private static final Pattern PLAIN = Pattern.compile("/(events/|events-stream|pub/|priv/).*");

  /** Details of problems that are about no field. */
  private static final Pattern WITHOUT_FIELD =
      Pattern.compile("the request is malformed.*|the body .*|refused in open mode.*");

  /** Nobody outside may learn what the node is made of. */
  private static final Pattern INNARDS =
      Pattern.compile(
          "Exception|\\bat [a-z]+\\.[a-z]+\\.|org\\.(apache|postgresql)|java\\.(lang|io)|PSQL");

  private final DocumentedStatuses documented;
  private final ContentRules contents = new ContentRules();

  AnswerRules(DocumentedStatuses documented) {
    this.documented = documented;
  }

  /** What is wrong with the answers; normally nothing. */
  List<String> violations(Attempt attempt, Exchange exchange) {
    List<String> wrong = new ArrayList<>();
    if (exchange.ending() == Ending.UNREADABLE || exchange.ending() == Ending.SILENT) {
      wrong.add("ended " + exchange.ending());
    }
    List<Answer> answers = exchange.answers();
    for (int i = 0; i < answers.size(); i++) {
      if (attempt.exact() && i < attempt.requests().size()) {
        Request request = attempt.requests().get(i);
        expected(request, answers.get(i), wrong);
        contents.violation(request, answers.get(i)).ifPresent(wrong::add);
        general(answers.get(i), request.isHead(), isPlain(request), wrong);
      } else {
        general(answers.get(i), attempt.mayBeHead(), true, wrong);
      }
    }
    if (attempt.exact() && !attempt.leaves()) {
      counted(attempt, exchange, wrong);
    }
    return wrong;
  }

  private static boolean isPlain(Request request) {
    return PLAIN.matcher(request.target()).matches();
  }

  private static void counted(Attempt attempt, Exchange exchange, List<String> wrong) {
    int asked = attempt.requests().size();
    int answered = exchange.answers().size();
    if (answered > asked) {
      wrong.add("more answers than requests: " + answered + " for " + asked);
    }
    boolean ended =
        answered > 0
            && exchange
                .answers()
                .get(answered - 1)
                .header("connection")
                .filter("close"::equals)
                .isPresent();
    // what HTTP/2 does not let pass ends the connection
    Verdict verdict = attempt.requests().get(0).verdict();
    boolean maybeNone = attempt.http2() && (!verdict.isKnown() || !verdict.faults().isEmpty());
    if (answered < asked && !ended && !maybeNone) {
      wrong.add("not answered: " + exchange.ending());
    }
  }

  private void expected(Request request, Answer answer, List<String> wrong) {
    int status = answer.status();
    if (!documented.allow(request, status)) {
      wrong.add(
          "status is not documented: %s %s %d".formatted(request.method(), request.path(), status));
    }
    Verdict verdict = request.verdict();
    // HEAD cannot tell what is at fault
    boolean allowed =
        request.isHead()
            ? verdict.allows(status)
            : verdict.allows(status, named(request, answer, status));
    if (verdict.isKnown() && !allowed) {
      wrong.add(
          "unexpected: %s %s %d %s instead of %s"
              .formatted(
                  request.method(),
                  request.path(),
                  status,
                  named(request, answer, status),
                  verdict));
    }
  }

  /** As {@link Verdict.Fault#named}. */
  private static String named(Request request, Answer answer, int status) {
    if (status < 400 || request.isHead()) {
      return "";
    }
    JsonNode problem = problem(answer);
    if (problem.isMissingNode()) {
      return answer.text();
    }
    String index = problem.has("index") ? "@" + problem.get("index").asText() : "";
    return problem.path("field").asText() + index;
  }

  private static JsonNode problem(Answer answer) {
    if (!answer.header("content-type").orElse("").startsWith("application/problem+json")) {
      return com.fasterxml.jackson.databind.node.MissingNode.getInstance();
    }
    try {
      return JSON.readTree(answer.body());
    } catch (IOException e) {
      return com.fasterxml.jackson.databind.node.MissingNode.getInstance();
    }
  }

  private static void general(
      Answer answer, boolean isHead, boolean mayBePlain, List<String> wrong) {
    int status = answer.status();
    if (status >= 500 && status != 507) {
      wrong.add("status " + status + " " + answer.text());
    }
    if (status >= 400) {
      refusal(answer, isHead, mayBePlain, wrong);
    }
    if (!isHead && answer.headers().containsKey("content-length") && status != 304) {
      int length = Integer.parseInt(answer.header("content-length").orElseThrow());
      if (length != answer.body().length && mayBePlain == false) {
        wrong.add("body shorter than it says");
      }
    }
    for (String once : List.of("content-type", "content-length", "etag", "x-request-id", "vary")) {
      if (answer.headers().getOrDefault(once, List.of()).size() > 1) {
        wrong.add("header given twice: " + once);
      }
    }
    if (!isHead && Exchange.isStream(answer)) {
      stream(answer, wrong);
    }
  }

  private static void refusal(
      Answer answer, boolean isHead, boolean mayBePlain, List<String> wrong) {
    String type = answer.header("content-type").orElse("");
    if (INNARDS.matcher(answer.text()).find()) {
      wrong.add("shows its innards: " + answer.text());
    }
    if (type.startsWith("text/plain") && mayBePlain) {
      if (!isHead && (answer.text().isBlank() || answer.text().length() > 400)) {
        wrong.add("no short text: " + answer.text());
      }
      return;
    }
    if (!type.startsWith("application/problem+json")) {
      wrong.add("a refusal of type '%s': %d %s".formatted(type, answer.status(), answer.text()));
      return;
    }
    if (isHead || answer.body().length == 0 && mayBePlain) {
      return;
    }
    JsonNode problem = problem(answer);
    boolean complete =
        problem.path("status").asInt() == answer.status()
            && !problem.path("title").asText().isEmpty()
            && !problem.path("detail").asText().isEmpty()
            && problem
                .path("requestId")
                .asText()
                .equals(answer.header("x-request-id").orElse("none"));
    if (!complete) {
      wrong.add("no whole problem document: " + answer.text());
    }
    boolean placed =
        answer.status() != 400
            || problem.has("field")
            || problem.has("index")
            || WITHOUT_FIELD.matcher(problem.path("detail").asText()).matches();
    if (!placed) {
      wrong.add("a 400 that names no field: " + answer.text());
    }
  }

  private static void stream(Answer answer, List<String> wrong) {
    SseParser parser = new SseParser().feed(answer.body());
    if (answer.body().length == 0) {
      wrong.add("an empty stream");
    }
    for (SseParser.Frame frame : parser.frames()) {
      if (frame.event().equals("gapless.close") && !frame.data().matches(".*\"(end|limit)\".*")) {
        wrong.add("a stream closed with " + frame.data());
      }
      if (!frame.id().isEmpty() && !Rules.isCursor(frame.id())) {
        wrong.add("an id that is no cursor");
      }
      if (frame.event().equals("message")) {
        wrong.add("a frame without a name");
      }
    }
  }
}
