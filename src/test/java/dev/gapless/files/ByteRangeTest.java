package dev.gapless.files;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.files.ByteRange.Request;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteRangeTest {
  @ParameterizedTest
  @CsvSource({
    "bytes=0-0,0,0",
    "bytes=0-,0,99",
    "bytes=10-19,10,19",
    "bytes=90-200,90,99",
    "bytes=-1,99,99",
    "bytes=-500,0,99",
    "bytes=99-99,99,99"
  })
  void oneRangeIsCutToTheFile(String header, long first, long last) {
    assertThat(ByteRange.resolve(Optional.of(header), 100))
        .isEqualTo(new Request.Part(new ByteRange(first, last)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"bytes=100-", "bytes=100-200", "bytes=-0"})
  void nothingOfTheFileIsUnsatisfiable(String header) {
    assertThat(ByteRange.resolve(Optional.of(header), 100))
        .isInstanceOf(Request.Unsatisfiable.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "bytes=",
        "bytes=-",
        "bytes=5-4",
        "bytes=0-1,3-4",
        "lines=0-1",
        "bytes=a-b",
        "bytes=99999999999999999999-",
        "bytes=-99999999999999999999",
        "bytes 0-1"
      })
  void anythingElseIsIgnored(String header) {
    assertThat(ByteRange.resolve(Optional.of(header), 100)).isInstanceOf(Request.Whole.class);
  }

  @Test
  void anEmptyFileHasNoFirstByte() {
    assertThat(ByteRange.resolve(Optional.of("bytes=0-"), 0))
        .isInstanceOf(Request.Unsatisfiable.class);
    assertThat(ByteRange.resolve(Optional.of("bytes=-5"), 0)).isInstanceOf(Request.Whole.class);
    assertThat(ByteRange.resolve(Optional.empty(), 0)).isInstanceOf(Request.Whole.class);
  }
}
