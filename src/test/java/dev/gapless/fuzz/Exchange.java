package dev.gapless.fuzz;

import dev.gapless.testkit.RawHttp;
import dev.gapless.testkit.RawHttp.Answer;
import dev.gapless.testkit.SseParser;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;

/**
 * What came back on a connection.
 *
 * @param ending how it went out
 */
record Exchange(List<Answer> answers, Ending ending) {
  /** How a connection went out. */
  enum Ending {
    /** The server ended it after its last answer, or the client did in the middle of a stream. */
    ORDERLY,
    /** The client has left without waiting. */
    LEFT,
    /** It was ended or reset where an answer should have been. */
    CUT,
    /** Nothing came, and no end either. */
    SILENT,
    /** What came is no HTTP. */
    UNREADABLE
  }

  private static final int PATIENCE_MILLIS = 15_000;
  private static final int HASTE_MILLIS = 300;
  private static final int STREAM_PAUSE_MILLIS = 40;
  private static final int FRAMES = 30;
  private static final int ENOUGH = 200_000;

  static Exchange of(int port, Attempt attempt) {
    List<Answer> answers = new ArrayList<>();
    Ending ending;
    try (RawHttp http = RawHttp.connect(port)) {
      http.waitAtMost(attempt.isPatient() ? PATIENCE_MILLIS : HASTE_MILLIS);
      write(http, attempt.bytes());
      ending =
          attempt.leaves()
              ? Ending.LEFT
              : attempt.http2() ? readHttp2(http, answers) : read(http, attempt, answers);
    } catch (SocketTimeoutException e) {
      ending = answers.isEmpty() && attempt.isPatient() ? Ending.SILENT : Ending.LEFT;
    } catch (IOException e) {
      ending = Ending.CUT;
    } catch (RuntimeException e) {
      ending = Ending.UNREADABLE;
    }
    return new Exchange(List.copyOf(answers), ending);
  }

  private static void write(RawHttp http, byte[] bytes) {
    try {
      http.write(bytes);
    } catch (IOException e) {
      // answered and ended before it had read all: the answer may still be there
    }
  }

  private static Ending read(RawHttp http, Attempt attempt, List<Answer> answers)
      throws IOException {
    while (http.hasNext()) {
      Answer head = http.readHead();
      if (head.status() < 200) {
        continue;
      }
      boolean isHead = isHead(attempt, answers.size());
      if (!isHead && isStream(head)) {
        answers.add(new Answer(head.status(), head.headers(), frames(http, head)));
        return Ending.ORDERLY;
      }
      answers.add(http.readBody(head, isHead));
      if (!attempt.exact()) {
        // it may have asked to keep the connection
        http.waitAtMost(HASTE_MILLIS);
      }
    }
    return Ending.ORDERLY;
  }

  private static Ending readHttp2(RawHttp http, List<Answer> answers) throws IOException {
    Http2.Reader reader = new Http2.Reader(http.stream());
    try {
      boolean enough = false;
      while (!enough && reader.next()) {
        if (reader.answer().filter(Exchange::isStream).isPresent() && reader.size() > 0) {
          http.waitAtMost(STREAM_PAUSE_MILLIS);
          enough = reader.size() > ENOUGH;
        }
      }
    } catch (SocketTimeoutException e) {
      if (reader.answer().isEmpty()) {
        throw e;
      }
    }
    reader.answer().ifPresent(answers::add);
    return reader.answer().isPresent() ? Ending.ORDERLY : Ending.CUT;
  }

  private static boolean isHead(Attempt attempt, int index) {
    return attempt.exact()
        ? index < attempt.requests().size() && attempt.requests().get(index).isHead()
        : attempt.mayBeHead();
  }

  static boolean isStream(Answer answer) {
    return answer.status() == 200
        && answer.header("content-type").orElse("").startsWith("text/event-stream");
  }

  /** The beginning of a stream: until it ends, pauses, or has sent enough. */
  private static byte[] frames(RawHttp http, Answer head) throws IOException {
    InputStream body = http.body(head);
    ByteArrayOutputStream read = new ByteArrayOutputStream();
    SseParser parser = new SseParser();
    byte[] buffer = new byte[16 * 1024];
    try {
      while (parser.frames().size() < FRAMES) {
        int count = body.read(buffer);
        if (count < 0) {
          break;
        }
        read.write(buffer, 0, count);
        parser.feed(buffer, 0, count);
        http.waitAtMost(STREAM_PAUSE_MILLIS);
      }
    } catch (SocketTimeoutException e) {
      if (read.size() == 0) {
        throw e;
      }
    }
    return read.toByteArray();
  }
}
