package dev.gapless.homeserver;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.gapless.event.Event;
import dev.gapless.hub.FrameFormat;
import dev.gapless.hub.HubEvent;
import java.io.IOException;
import java.util.Base64;
import java.util.Optional;
import org.apache.pekko.util.ByteString;

/**
 * The frames of {@code GET /events-stream}, whose data are lines of text where the native face
 * sends JSON. No value can end its line: the database's constraints keep control characters out of
 * paths, and a content hash is only shown if it is one.
 */
final class HomeserverFrames implements FrameFormat {
  static final HomeserverFrames INSTANCE = new HomeserverFrames();

  private static final int SLOT = 1;
  private static final int HASH_BYTES = 32;
  private static final JsonFactory JSON = new JsonFactory();

  private HomeserverFrames() {}

  @Override
  public int slot() {
    return SLOT;
  }

  @Override
  public ByteString encode(HubEvent hubEvent) {
    return ByteString.fromString(render(hubEvent.event(), hubEvent.cursor().toString()));
  }

  static String render(Event event, String cursor) {
    StringBuilder frame = new StringBuilder(224 + event.path().length());
    frame.append("id: ").append(cursor).append('\n');
    frame.append("event: ").append(event.type()).append('\n');
    frame.append("data: ").append(PubkyUrls.of(event.owner(), event.path())).append('\n');
    frame.append("data: cursor: ").append(event.position()).append('\n');
    if (event.type().equals(FileEvents.PUT)) {
      contentHash(event)
          .ifPresent(hash -> frame.append("data: content_hash: ").append(hash).append('\n'));
    }
    return frame.append('\n').toString();
  }

  private static Optional<String> contentHash(Event event) {
    return event.data().flatMap(HomeserverFrames::readContentHash).filter(HomeserverFrames::isHash);
  }

  private static Optional<String> readContentHash(String json) {
    try (JsonParser parser = JSON.createParser(json)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        return Optional.empty();
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        boolean found = parser.currentName().equals("content_hash");
        JsonToken value = parser.nextToken();
        if (found) {
          return value == JsonToken.VALUE_STRING ? Optional.of(parser.getText()) : Optional.empty();
        }
        parser.skipChildren();
      }
      return Optional.empty();
    } catch (IOException notJson) {
      // the column is jsonb; an event without a readable hash is still an event
      return Optional.empty();
    }
  }

  private static boolean isHash(String text) {
    try {
      byte[] bytes = Base64.getDecoder().decode(text);
      return bytes.length == HASH_BYTES && Base64.getEncoder().encodeToString(bytes).equals(text);
    } catch (IllegalArgumentException notBase64) {
      return false;
    }
  }
}
