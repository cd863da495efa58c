package dev.gapless.fuzz;

import static dev.gapless.fuzz.Weighted.frequencyOf;
import static net.jqwik.api.Arbitraries.of;

import dev.gapless.fuzz.Verdict.Fault;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;

/** {@code GET} and {@code HEAD /v1/events}, with what the protocol says of their parameters. */
final class ReadingGrammar {
  private static final String PATH = "/v1/events";
  private static final Set<String> SINGLE =
      Set.of(
          "after", "lastEventId", "last_event_id", "limit", "live", "reverse", "wait", "on-reset");
  private static final int MOST = 50;

  /** What an Accept header asks for. */
  private enum Form {
    STREAM,
    PAGE,
    NEITHER
  }

  /** None is a stream. */
  private static final Map<String, Form> ACCEPTS =
      new LinkedHashMap<>(
          Map.of(
              "", Form.STREAM,
              "text/event-stream", Form.STREAM,
              "application/json", Form.PAGE,
              "*/*", Form.STREAM,
              "text/html", Form.NEITHER,
              "application/json, text/event-stream;q=0.5", Form.PAGE,
              "text/event-stream;q=0, */*;q=0.1", Form.PAGE,
              "text/*;q=0.3, application/*;q=0.3", Form.STREAM,
              "application/json;q=0", Form.NEITHER));

  private final Values values;

  ReadingGrammar(Values values) {
    this.values = values;
  }

  Arbitrary<Request> request() {
    Arbitrary<List<Param>> list = param().list().ofMaxSize(5);
    Arbitrary<List<Param>> params =
        frequencyOf(
            Tuple.of(25, list.map(ReadingGrammar::eachOnce)),
            Tuple.of(2, list),
            Tuple.of(1, many()));
    Arbitrary<Optional<String>> resume =
        frequencyOf(
            Tuple.of(3, Arbitraries.just(Optional.<String>empty())),
            Tuple.of(
                1,
                values
                    .cursor()
                    .filter(Headers::canCarry)
                    .map(value -> Optional.of(value.strip()))));
    return Combinators.combine(
            frequencyOf(Tuple.of(5, of("GET")), Tuple.of(1, of("HEAD"))),
            params,
            frequencyOf(Tuple.of(6, of(ACCEPTS.keySet())), Tuple.of(6, of("application/json"))),
            resume)
        .as(ReadingGrammar::request);
  }

  private static Request request(
      String method, List<Param> params, String accept, Optional<String> resume) {
    String target = params.isEmpty() ? PATH : PATH + "?" + Param.query(params);
    Request request =
        Request.of(PATH, method, target, List.of(), verdict(params, ACCEPTS.get(accept), resume));
    if (!accept.isEmpty()) {
      request = request.with("Accept: " + accept);
    }
    return resume.isPresent() ? request.with("Last-Event-ID: " + resume.get()) : request;
  }

  /** Of those that may be given once the first; newest first only where that goes. */
  private static List<Param> eachOnce(List<Param> params) {
    List<Param> kept = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (Param param : params) {
      if (!SINGLE.contains(param.name()) || seen.add(param.name())) {
        kept.add(param);
      }
    }
    if (seen.contains("reverse") && !seen.contains("live")) {
      kept.add(Param.of("live", "false", Param.Style.MINIMAL));
    }
    return kept;
  }

  private Arbitrary<Param> param() {
    return frequencyOf(
        Tuple.of(4, values.param("owner", values.ownerWithCursor())),
        Tuple.of(3, values.param("path", values.path())),
        Tuple.of(3, values.param("type", values.type())),
        Tuple.of(4, values.param("after", values.cursor())),
        Tuple.of(1, values.param("lastEventId", values.cursor())),
        Tuple.of(1, values.param("last_event_id", values.cursor())),
        Tuple.of(3, values.param("limit", values.limit())),
        Tuple.of(3, values.param("live", values.flag())),
        Tuple.of(2, values.param("reverse", values.flag())),
        Tuple.of(1, values.param("wait", of("0", "0", "1", "1", "2", "", "1s"))),
        Tuple.of(1, values.param("on-reset", of("earliest", "head", "head", "tail"))),
        Tuple.of(1, values.param("unknown", values.hostile())));
  }

  private static Arbitrary<List<Param>> many() {
    return Combinators.combine(
            of("owner=o", "path=/p", "type=t"), Arbitraries.integers().between(45, 55))
        .as(
            (kind, count) ->
                IntStream.range(0, count)
                    .mapToObj(
                        i ->
                            Param.of(
                                kind.substring(0, kind.indexOf('=')),
                                kind.substring(kind.indexOf('=') + 1) + i,
                                Param.Style.MINIMAL))
                    .toList());
  }

  private static Verdict verdict(List<Param> params, Form form, Optional<String> resume) {
    if (form == Form.NEITHER) {
      // whichever is looked at first
      Set<Fault> faults = faults(params, true, resume);
      faults.add(new Fault(406, ""));
      return new Verdict(Set.of(), faults);
    }
    Set<Fault> faults = faults(params, form == Form.STREAM, resume);
    return form == Form.STREAM ? Verdict.unless(faults, 200) : Verdict.unless(faults, 200, 410);
  }

  private static Set<Fault> faults(List<Param> params, boolean stream, Optional<String> resume) {
    Set<String> named = new HashSet<>();
    require(named, params, "owner", ReadingGrammar::isOwnerWithCursor);
    require(named, params, "path", text -> Rules.path(text).isPresent());
    require(named, params, "type", Rules::isType);
    require(named, params, "after", Rules::isStart);
    require(named, params, "lastEventId", Rules::isResume);
    require(named, params, "last_event_id", Rules::isResume);
    long most = stream ? Long.MAX_VALUE : 1000;
    require(named, params, "limit", text -> Rules.isNumber(text, 1, most));
    require(named, params, "live", Rules::isFlag);
    require(named, params, "reverse", Rules::isFlag);
    require(named, params, "wait", text -> Rules.isNumber(text, 0, World.MAX_WAIT_SECONDS));
    require(named, params, "on-reset", text -> text.equals("earliest") || text.equals("head"));
    for (String name : SINGLE) {
      if (params.stream().filter(param -> param.name().equals(name)).count() > 1) {
        named.add(name);
      }
    }
    for (String name : Set.of("owner", "path", "type")) {
      if (params.stream().filter(param -> param.name().equals(name)).count() > MOST) {
        named.add(name);
      }
    }
    if (resume.isPresent() && !Rules.isResume(resume.get())) {
      named.add("Last-Event-ID");
    }
    boolean reverse = Param.values(params, "reverse").contains("true");
    boolean live = !Param.values(params, "live").contains("false");
    if (reverse && stream && live) {
      named.add("reverse");
    }
    boolean resumed =
        resume.isPresent()
            || !Param.values(params, "lastEventId").isEmpty()
            || !Param.values(params, "last_event_id").isEmpty();
    if (reverse && !resumed && ownerStarts(params).size() > 1) {
      named.add("owner");
    }
    Set<Fault> faults = new HashSet<>(Param.broken(params));
    named.forEach(name -> faults.add(new Fault(400, name)));
    return faults;
  }

  /** The places at which owners begin; of a repeated owner the last one counts. */
  private static Set<String> ownerStarts(List<Param> params) {
    Map<String, String> starts = new LinkedHashMap<>();
    for (String value : Param.values(params, "owner")) {
      int colon = value.indexOf(':');
      String start = colon < 0 ? "" : value.substring(colon + 1);
      starts.put(
          colon < 0 ? value : value.substring(0, colon),
          start.equals("earliest") ? "0" : start.replaceFirst("^0+(?=[0-9])", ""));
    }
    return new HashSet<>(starts.values());
  }

  private static boolean isOwnerWithCursor(String text) {
    int colon = text.indexOf(':');
    return colon < 0
        ? Rules.isOwner(text)
        : Rules.isOwner(text.substring(0, colon)) && Rules.isResume(text.substring(colon + 1));
  }

  private static void require(
      Set<String> named, List<Param> params, String name, Predicate<String> rule) {
    if (!Param.values(params, name).stream().allMatch(rule)) {
      named.add(name);
    }
  }
}
