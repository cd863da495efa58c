package dev.gapless.http;

import com.typesafe.config.Config;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The settings under {@code gapless.http.admission}, validated; what is absent is not limited.
 * Immutable.
 *
 * @param streamsPerToken streams of one token at once
 * @param streamsPerOwner streams that name one owner at once
 * @param newStreams streams that begin, of all clients together
 * @param publishRequests requests to publish, of one token
 * @param publishEvents events published, of one token
 * @param fileChanges files stored or deleted, of one token
 */
public record AdmissionSettings(
    OptionalInt streamsPerToken,
    OptionalInt streamsPerOwner,
    Optional<Rate> newStreams,
    Optional<Rate> publishRequests,
    Optional<Rate> publishEvents,
    Optional<Rate> fileChanges) {

  private static final String ROOT = HttpSettings.ROOT + ".admission";
  private static final String OFF = "off";
  private static final int MOST = 1_000_000;
  private static final BigDecimal LEAST_RATE = new BigDecimal("0.001");

  /**
   * So much over time.
   *
   * @param perThousandSeconds a thousand times what may happen in a second
   * @param burst what may happen at once after a pause
   */
  public record Rate(long perThousandSeconds, int burst) {
    /** As it is configured. */
    String perSecond() {
      return BigDecimal.valueOf(perThousandSeconds, 3).stripTrailingZeros().toPlainString();
    }

    /** The time after which whoever was refused may do all at once again. */
    Duration refill() {
      return Duration.ofMillis(burst * 1_000_000L / perThousandSeconds + 1);
    }
  }

  /** {@code gapless.http}, and how many events one request may publish. */
  static AdmissionSettings create(Config http, int maxDrafts) {
    Config admission = http.getConfig("admission");
    Optional<Rate> publishEvents = rate(admission, "publish-events");
    if (publishEvents.isPresent() && publishEvents.get().burst() < maxDrafts) {
      throw wrong(
          "publish-events.burst",
          "at least gapless.http.max-drafts (" + maxDrafts + "), or some requests never pass");
    }
    return new AdmissionSettings(
        count(admission, "streams-per-token"),
        count(admission, "streams-per-owner"),
        rate(admission, "new-streams"),
        rate(admission, "publish-requests"),
        publishEvents,
        rate(admission, "file-changes"));
  }

  private static OptionalInt count(Config admission, String key) {
    return isOff(admission, key)
        ? OptionalInt.empty()
        : OptionalInt.of(whole(admission, key, "\"off\", or from 1 to " + MOST));
  }

  private static Optional<Rate> rate(Config admission, String key) {
    int burst = whole(admission, key + ".burst", "from 1 to " + MOST);
    return isOff(admission, key + ".per-second")
        ? Optional.empty()
        : Optional.of(new Rate(perThousandSeconds(admission, key + ".per-second"), burst));
  }

  private static long perThousandSeconds(Config admission, String key) {
    String rule = "\"off\", or from " + LEAST_RATE + " to " + MOST;
    try {
      BigDecimal value = new BigDecimal(admission.getString(key));
      if (value.compareTo(LEAST_RATE) < 0 || value.compareTo(BigDecimal.valueOf(MOST)) > 0) {
        throw wrong(key, rule);
      }
      return value.movePointRight(3).setScale(0, RoundingMode.HALF_UP).longValueExact();
    } catch (NumberFormatException notANumber) {
      throw wrong(key, rule);
    }
  }

  private static boolean isOff(Config admission, String key) {
    return admission.getString(key).equals(OFF);
  }

  private static int whole(Config admission, String key, String rule) {
    try {
      int value = Integer.parseInt(admission.getString(key));
      if (value < 1 || value > MOST) {
        throw wrong(key, rule);
      }
      return value;
    } catch (NumberFormatException notANumber) {
      throw wrong(key, rule);
    }
  }

  private static IllegalArgumentException wrong(String key, String rule) {
    return new IllegalArgumentException(ROOT + "." + key + ": " + rule);
  }
}
