package dev.gapless.http;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.module.SimpleModule;
import dev.gapless.event.Cursor;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The values of status as JSON: records by their components, cursors and instants as texts,
 * durations in milliseconds, an empty optional as null.
 */
final class StatusJson {
  private static final ObjectMapper MAPPER =
      new ObjectMapper()
          .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS)
          .registerModule(
              new SimpleModule()
                  .addSerializer(
                      Cursor.class, as((cursor, json) -> json.writeString(cursor.toString())))
                  .addSerializer(
                      Instant.class, as((at, json) -> json.writeString(EventJson.timestamp(at))))
                  .addSerializer(
                      Duration.class, as((time, json) -> json.writeNumber(time.toMillis())))
                  .addSerializer(
                      OptionalLong.class,
                      as(
                          (number, json) -> {
                            if (number.isPresent()) {
                              json.writeNumber(number.getAsLong());
                            } else {
                              json.writeNull();
                            }
                          }))
                  .addSerializer(
                      OptionalInt.class,
                      as(
                          (number, json) -> {
                            if (number.isPresent()) {
                              json.writeNumber(number.getAsInt());
                            } else {
                              json.writeNull();
                            }
                          }))
                  .addSerializer(Optional.class, new OfOptional()));

  private StatusJson() {}

  static JsonNode tree(@Nullable Object value) {
    return MAPPER.valueToTree(value);
  }

  private interface Writer<T> {
    void write(T value, JsonGenerator json) throws IOException;
  }

  private static <T> JsonSerializer<T> as(Writer<T> writer) {
    return new JsonSerializer<>() {
      @Override
      public void serialize(T value, JsonGenerator json, SerializerProvider provider)
          throws IOException {
        writer.write(value, json);
      }
    };
  }

  @SuppressWarnings("rawtypes")
  private static final class OfOptional extends JsonSerializer<Optional> {
    @Override
    public void serialize(Optional value, JsonGenerator json, SerializerProvider provider)
        throws IOException {
      if (value.isPresent()) {
        provider.defaultSerializeValue(value.get(), json);
      } else {
        json.writeNull();
      }
    }
  }
}
