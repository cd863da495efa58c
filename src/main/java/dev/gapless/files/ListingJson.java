package dev.gapless.files;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.gapless.files.Listing.Entry;
import org.apache.pekko.util.ByteString;

/** A listing as the native face shows it. */
final class ListingJson {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private ListingJson() {}

  static ByteString render(Listing listing) {
    ObjectNode document = MAPPER.createObjectNode();
    ArrayNode entries = document.putArray("entries");
    listing.entries().forEach(entry -> add(entries.addObject(), entry));
    document.put("more", listing.more());
    try {
      return ByteString.fromArrayUnsafe(MAPPER.writeValueAsBytes(document));
    } catch (JsonProcessingException impossibleForATree) {
      throw new IllegalStateException(impossibleForATree);
    }
  }

  private static void add(ObjectNode node, Entry entry) {
    node.put("path", entry.path());
    if (entry instanceof Entry.File file) {
      node.put("kind", "file")
          .put("size", file.size())
          .put("content_hash", file.contentHash())
          .put("content_type", file.contentType())
          .put("modified_at", file.modifiedAt().toString());
    } else {
      node.put("kind", "folder");
    }
  }
}
