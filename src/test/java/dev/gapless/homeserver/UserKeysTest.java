package dev.gapless.homeserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UserKeysTest {
  private static final String KEY = "8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo";

  @Test
  void acceptsAKey() {
    assertThat(UserKeys.isValid(KEY)).isTrue();
  }

  @Property
  void acceptsEveryEncodingOf32Bytes(@ForAll @Size(32) byte[] key) {
    assertThat(UserKeys.isValid(TestUsers.encode(key))).isTrue();
  }

  @Test
  void acceptsNoOtherEncodingOfTheSameBytes() {
    String stem = KEY.substring(0, 51);
    assertThat(
            IntStream.range(0, 32)
                .mapToObj(i -> TestUsers.ALPHABET.charAt(i))
                .filter(last -> UserKeys.isValid(stem + last)))
        .containsExactly('y', 'o');
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "pubky",
        "pubky8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo",
        "pk:8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo",
        "8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ew",
        "8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewoo",
        "8PINXXGQS41N4AIDIDENW5APQP1URFMZDZTR8JT4ABRKDN435EWO",
        "8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435evo",
        "8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435e o",
        "8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435eßo",
      })
  void refuses(String text) {
    assertThat(UserKeys.isValid(text)).isFalse();
  }
}
