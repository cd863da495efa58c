package dev.gapless.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gapless.event.Event;
import dev.gapless.event.EventTypes;
import dev.gapless.hub.FrameFormat;
import dev.gapless.hub.HubEvent;
import java.nio.charset.StandardCharsets;
import org.apache.pekko.util.ByteString;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The frames of {@code GET /v1/events}: {@code id}, {@code event} and the event as JSON in {@code
 * data}. Line ends in the data (white space between tokens) continue it on another {@code data}
 * line, which is how SSE carries them.
 *
 * <p>The mark of an erasure is a {@code gapless.reset} of one owner.
 *
 * <p>A type that could end its line cannot come from a database whose constraints are in place.
 * Such an event is refused: a comment with its position stands in its place, and the log of the
 * node says so; pages show it, where it does no harm.
 */
public final class NativeFrames implements FrameFormat {
  public static final NativeFrames INSTANCE = new NativeFrames();

  private static final Logger LOG = LoggerFactory.getLogger("dev.gapless.http.frames");
  private static final int SLOT = 0;

  // the lines and the names around the JSON, the cursor and the type once more
  private static final int AROUND = 96;

  private NativeFrames() {}

  @Override
  public int slot() {
    return SLOT;
  }

  @Override
  public ByteString encode(HubEvent hubEvent) {
    if (hubEvent.event().isErasure()) {
      return ByteString.fromString(erasure(hubEvent));
    }
    String type = hubEvent.event().type();
    if (!EventTypes.isValid(type)) {
      LOG.error(
          "the event at position {} has a type that would break its frame; it is not sent",
          hubEvent.position());
      return ByteString.fromString(": refused " + hubEvent.position() + "\n\n");
    }
    Event event = hubEvent.event();
    String cursor = hubEvent.cursor().toString();
    Utf8Text text = new Utf8Text(AROUND + EventJson.size(event));
    if (event.data().filter(NativeFrames::hasLineEnd).isPresent()) {
      EventJson.append(text, event, cursor);
      return ByteString.fromString(frame(cursor, type, text.toString()));
    }
    text.append("id: ").append(cursor).append("\nevent: ").append(type).append("\ndata: ");
    EventJson.append(text, event, cursor);
    return text.append("\n\n").toByteString();
  }

  /** Whoever gets it forgets the owner and goes on from here. */
  private static String erasure(HubEvent mark) {
    String cursor = mark.cursor().toString();
    ObjectNode data =
        Json.object()
            .put("reason", EventJson.ERASED)
            .put("requested", cursor)
            .put("earliest", cursor)
            .put("head", cursor)
            .put("owner", mark.event().owner());
    return frame(cursor, EventJson.RESET, new String(Json.bytes(data), StandardCharsets.UTF_8));
  }

  /** One frame. The id and the name hold no line end; the data may. */
  static String frame(String id, String name, String data) {
    StringBuilder frame = new StringBuilder(id.length() + name.length() + data.length() + 32);
    frame.append("id: ").append(id).append("\nevent: ").append(name).append("\ndata: ");
    appendData(frame, data);
    return frame.append("\n\n").toString();
  }

  private static boolean hasLineEnd(String data) {
    return data.indexOf('\n') >= 0 || data.indexOf('\r') >= 0;
  }

  private static void appendData(StringBuilder frame, String data) {
    if (!hasLineEnd(data)) {
      frame.append(data);
      return;
    }
    for (int i = 0; i < data.length(); i++) {
      char c = data.charAt(i);
      if (c == '\r' || c == '\n') {
        frame.append("\ndata: ");
        if (c == '\r' && i + 1 < data.length() && data.charAt(i + 1) == '\n') {
          i++;
        }
      } else {
        frame.append(c);
      }
    }
  }
}
