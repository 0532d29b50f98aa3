package io.twinloop.domain.personaldata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.TextNode;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SubjectKeyTest {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final TextNode NAME = TextNode.valueOf("Zoë Quartermain-O'Neill \"Zo\" 😀");

  private final SubjectKey key = key("p-17", 1);

  private static SubjectKey key(String subject, int seed) {
    return new SubjectKey(subject, bytes(seed));
  }

  private static byte[] bytes(int seed) {
    byte[] key = new byte[SubjectKey.BYTES];
    new Random(seed).nextBytes(key);
    return key;
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"Ada\"", "\"\"", "1", "-0.25", "true", "[\"a\", 1]", "{\"a\": null}"})
  void shouldOpenWhateverValueItSealed(String json) throws Exception {
    JsonNode value = JSON.readTree(json);

    assertThat(key.open(key.seal(value))).contains(value);
  }

  /** A body may have two mebibytes; text that no token is recognised in would never be opened. */
  @ParameterizedTest
  @ValueSource(ints = {200_000, 2 * 1024 * 1024, SubjectKey.LONGEST_VALUE})
  void shouldBeRecognisedHoweverLongItIs(int length) {
    TextNode value = TextNode.valueOf("x".repeat(length));
    String text = key.seal(value).text();

    assertThat(PersonalToken.is(text)).isTrue();
    assertThat(PersonalToken.replaced("<" + text + ">", token -> "-")).isEqualTo("<->");
    assertThat(key.open(key.seal(value))).contains(value);
  }

  @Test
  void shouldRefuseToSealWhatWouldNotBeRecognised() {
    TextNode longer = TextNode.valueOf("x".repeat(SubjectKey.LONGEST_VALUE + 1));

    assertThatThrownBy(() -> key.seal(longer))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("p-17")
        .hasMessageNotContaining("xx");
  }

  @Test
  void shouldGiveTheSameTokenForTheSameValue() {
    assertThat(key.seal(NAME)).isEqualTo(key("p-17", 1).seal(NAME));
    assertThat(key.seal(NAME)).isNotEqualTo(key.seal(TextNode.valueOf("Zoe")));
    assertThat(key.seal(NAME)).isNotEqualTo(key("p-17", 2).seal(NAME));
  }

  @Test
  void shouldTellATextFromTheJsonItLooksLike() throws Exception {
    assertThat(key.seal(TextNode.valueOf("1"))).isNotEqualTo(key.seal(JSON.readTree("1")));
  }

  @Test
  void shouldNotShowAnythingOfTheValue() {
    String token = key.seal(TextNode.valueOf("Quartermain")).text();

    assertThat(token).doesNotContain("Quartermain");
    assertThat(new String(key.seal(NAME).sealed(), StandardCharsets.ISO_8859_1))
        .doesNotContain("Quartermain");
  }

  @Test
  void shouldOpenNothingOfAnotherKeyOrSubject() {
    PersonalToken token = key.seal(NAME);

    assertThat(key("p-17", 2).open(token)).isEmpty();
    assertThat(key("p-18", 1).open(token)).isEmpty();
    assertThat(key("p-18", 1).open(new PersonalToken("p-18", token.sealed()))).isEmpty();
  }

  @Test
  void shouldOpenNothingThatWasTamperedWith() {
    byte[] sealed = key.seal(NAME).sealed();
    for (int i = 0; i < sealed.length; i++) {
      byte[] changed = sealed.clone();
      changed[i] ^= 1;
      assertThat(key.open(new PersonalToken("p-17", changed))).as("byte %d", i).isEmpty();
      assertThat(key.open(new PersonalToken("p-17", Arrays.copyOf(sealed, i)))).isEmpty();
    }
  }

  @Test
  void shouldBeFoundInsideOfATextAndOpenedThere() {
    String text = "Onboard " + key.seal(NAME).text() + " on Monday, ask " + key.seal(NAME).text();

    assertThat(PersonalToken.replaced(text, token -> key.open(token).orElseThrow().textValue()))
        .isEqualTo("Onboard " + NAME.textValue() + " on Monday, ask " + NAME.textValue());
    assertThat(PersonalToken.is(text)).isFalse();
    assertThat(PersonalToken.is(key.seal(NAME).text())).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "^pd1.",
        "^pd1.^",
        "^pd1.cC0xNw.^",
        "^pd1..QUJD^",
        "^pd1.cC0xNw.QUJD",
        "^pd1.cC0xNw=.QUJD^",
        "^pd1.cC0xNw.QU JD^",
        "^pd1.cC0xNw.A^",
        "^pd2.cC0xNw.QUJD^",
        "^PD1.cC0xNw.QUJD^",
        "^pd1.cC0xNw.QUJD.QUJD^",
      })
  void shouldLeaveWhatOnlyLooksLikeAToken(String text) {
    assertThat(PersonalToken.in(text.getBytes(StandardCharsets.UTF_8))).isEmpty();
    assertThat(PersonalToken.is(text)).isFalse();
    assertThat(PersonalToken.replaced("a " + text, token -> "!")).isEqualTo("a " + text);
  }

  @Test
  void shouldFindTheTokenBehindTheBeginningOfOne() {
    assertThat(PersonalToken.replaced("^pd1.^pd1.cC0xNw.QUJD^", token -> token.subject()))
        .isEqualTo("^pd1.p-17");
  }

  @Test
  void shouldPutValuesInThePlacesOfTokensInJson() throws Exception {
    JsonNode skills = JSON.readTree("[\"law\",3]");
    byte[] json =
        JSON.writeValueAsBytes(
            JSON.createObjectNode()
                .put("label", key.seal(NAME).text())
                .put("skills", key.seal(skills).text())
                .put("title", "Greet " + key.seal(NAME).text() + key.seal(skills).text()));

    byte[] revealed =
        Revealing.inJson(json, PersonalToken.in(json), token -> key.open(token).orElseThrow());

    JsonNode read = JSON.readTree(revealed);
    assertThat(read.get("label")).isEqualTo(NAME);
    assertThat(read.get("skills")).isEqualTo(skills);
    assertThat(read.get("title").textValue())
        .isEqualTo("Greet " + NAME.textValue() + "[\"law\",3]");
  }

  @Test
  void shouldWrapKeysForTheirSubjectAlone() {
    MasterKey master = MasterKey.of(Base64.getEncoder().encodeToString(bytes(7)));
    MasterKey other = MasterKey.of(Base64.getEncoder().encodeToString(bytes(8)));
    byte[] wrapped = master.wrap("p-17", bytes(1), new byte[MasterKey.NONCE_BYTES]);

    assertThat(master.unwrap("p-17", wrapped)).isEqualTo(bytes(1));
    assertThat(master.id()).isNotEqualTo(other.id());
    for (var refused :
        List.<org.assertj.core.api.ThrowableAssert.ThrowingCallable>of(
            () -> master.unwrap("p-18", wrapped),
            () -> other.unwrap("p-17", wrapped),
            () -> master.unwrap("p-17", Arrays.copyOf(wrapped, 5)))) {
      assertThatThrownBy(refused).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "changeme", "c2hvcnQ=", "!!!!"})
  void shouldRefuseAMasterKeyThatIsNoneWithoutRepeatingIt(String text) {
    assertThatThrownBy(() -> MasterKey.of(text))
        .isInstanceOf(IllegalArgumentException.class)
        .satisfies(
            e -> {
              if (!text.isEmpty()) {
                assertThat(e.getMessage()).doesNotContain(text);
              }
            });
  }
}
