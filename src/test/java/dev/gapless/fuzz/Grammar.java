package dev.gapless.fuzz;

import static dev.gapless.fuzz.Weighted.frequencyOf;
import static net.jqwik.api.Arbitraries.just;
import static net.jqwik.api.Arbitraries.of;

import dev.gapless.fuzz.Verdict.Fault;
import dev.gapless.fuzz.World.Token;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;

/** All that is sent: requests as the documents have them, several at once, changed, or no such. */
final class Grammar {
  private final ReadingGrammar reading;
  private final PublishGrammar publishing;
  private final HomeserverGrammar homeserver;
  private final FileGrammar files;
  private final OtherGrammar others;

  Grammar(World world) {
    Values values = new Values(world);
    this.reading = new ReadingGrammar(values);
    this.publishing = new PublishGrammar(values);
    this.homeserver = new HomeserverGrammar(values);
    this.files = new FileGrammar(world, values);
    this.others = new OtherGrammar(values);
  }

  Arbitrary<Attempt> attempts() {
    return frequencyOf(
        Tuple.of(20, built()),
        Tuple.of(4, http2()),
        Tuple.of(1, pipelined()),
        Tuple.of(
            6,
            Combinators.combine(
                    frequencyOf(Tuple.of(5, built()), Tuple.of(1, http2())),
                    Change.any().list().ofMinSize(1).ofMaxSize(3))
                .as(Grammar::change)),
        Tuple.of(
            1,
            Combinators.combine(built(), Arbitraries.doubles().between(0, 1))
                .as(Attempt::leavingAfter)),
        Tuple.of(
            3, Combinators.combine(of(true, false), WildGrammar.bytes()).as(Attempt::ofBytes)));
  }

  private static Attempt change(Attempt attempt, List<Change> changes) {
    byte[] bytes = attempt.bytes();
    for (Change change : changes) {
      bytes = change.apply(bytes);
    }
    return attempt.changed(bytes);
  }

  private Arbitrary<Attempt> built() {
    return Combinators.combine(request(), Headers.harmless(), token())
        .as(
            (request, headers, token) ->
                Attempt.of(token.isPresent(), List.of(dressed(request, headers, token))));
  }

  private Arbitrary<Attempt> http2() {
    return Combinators.combine(request(), Headers.harmless(), of(Token.class))
        .as((request, headers, token) -> ofHttp2(dressed(request, headers, Optional.of(token))));
  }

  private static Attempt ofHttp2(Request request) {
    return request.payload().bytes().length < Http2.LARGEST_BODY
        ? Attempt.ofHttp2(request)
        : Attempt.of(true, List.of(request));
  }

  private Arbitrary<Attempt> pipelined() {
    return Combinators.combine(request().list().ofMinSize(2).ofMaxSize(4), token())
        .as(
            (requests, token) ->
                Attempt.of(
                    token.isPresent(),
                    requests.stream()
                        // a stream would keep those behind it waiting
                        .filter(request -> !World.isStream(request))
                        .map(request -> dressed(request, List.of(), token))
                        .toList()))
        .filter(attempt -> !attempt.requests().isEmpty());
  }

  private Arbitrary<Request> request() {
    return frequencyOf(
        Tuple.of(8, reading.request()),
        Tuple.of(8, publishing.request()),
        Tuple.of(2, homeserver.feed()),
        Tuple.of(4, homeserver.stream()),
        Tuple.of(4, files.read()),
        Tuple.of(4, files.write()),
        Tuple.of(1, files.delete()),
        Tuple.of(1, files.erase()),
        Tuple.of(3, others.request()));
  }

  /** The open node, or what is shown to the other one. */
  private static Arbitrary<Optional<Token>> token() {
    return frequencyOf(
        Tuple.of(3, just(Optional.<Token>empty())),
        Tuple.of(
            1,
            frequencyOf(Tuple.of(1, just(Token.ALL)), Tuple.of(1, of(Token.class)))
                .map(Optional::of)));
  }

  private static Request dressed(Request request, List<String> harmless, Optional<Token> token) {
    Request dressed = request;
    boolean reads = request.method().equals("GET") || request.method().equals("HEAD");
    for (String line : harmless) {
      boolean matters =
          line.startsWith("Origin:") && !reads
              || token.isPresent()
                  && (line.startsWith("Authorization:") || line.startsWith("Cookie:"))
              || line.startsWith("If-Range:")
                  && request.headers().stream().anyMatch(h -> h.startsWith("Range:"));
      if (!matters) {
        dressed = dressed.with(line);
      }
    }
    if (token.isEmpty()) {
      return dressed;
    }
    for (String line : token.get().headers()) {
      dressed = dressed.with(line);
    }
    // what leads nowhere, and leave to ask from another origin, are told to everybody
    return request.path().isEmpty()
        ? dressed
        : dressed.withVerdict(guarded(request, token.get(), reads));
  }

  /** Who may do everything gets what the open node answers; others may be refused before. */
  private static Verdict guarded(Request request, Token token, boolean reads) {
    if (token == Token.ALL || token == Token.COOKIE && reads) {
      return request.verdict();
    }
    if (!request.verdict().isKnown()) {
      return writes(request) ? Verdict.refusedSomehow() : Verdict.unknown();
    }
    Set<Fault> refusals =
        Set.of(new Fault(401, ""), new Fault(403, ""), new Fault(400, "Authorization*"));
    Set<Integer> statuses = reads ? request.verdict().statuses() : Set.of();
    return new Verdict(statuses, request.verdict().faults()).withFaults(refusals);
  }

  private static boolean writes(Request request) {
    return Set.of("PUT", "DELETE", "POST").contains(request.method())
        && !request.path().isEmpty()
        && !request.path().equals("/v1/session");
  }
}
