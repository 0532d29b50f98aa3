package io.twinloop.http.identity;

import static io.twinloop.http.Stages.flatMap;
import static io.twinloop.http.Stages.map;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.twinloop.domain.identity.Identity;
import io.twinloop.domain.identity.Permission;
import io.twinloop.domain.identity.Role;
import io.twinloop.entities.Refusals;
import io.twinloop.http.Answers;
import io.twinloop.http.Call;
import io.twinloop.http.Cursors;
import io.twinloop.http.Endpoint;
import io.twinloop.http.Json;
import io.twinloop.http.JsonFields;
import io.twinloop.http.Problems;
import io.twinloop.projections.identity.ApiKeys.ApiKey;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.jspecify.annotations.Nullable;

/** API keys: made, listed, revoked. A key is shown when it is made and never again. */
public final class ApiKeyRoutes {

  private static final int LONGEST_NAME = 200;
  private static final Map<String, Role> ROLES =
      Role.ofUsers().stream().collect(Collectors.toMap(Role::wireName, Function.identity()));

  private final KeptApiKeys keys;
  private final SecureRandom random = new SecureRandom();

  public ApiKeyRoutes(KeptApiKeys keys) {
    this.keys = keys;
  }

  public List<Endpoint> endpoints() {
    return List.of(
        Endpoint.post("/api/v1/api-keys", Permission.API_KEYS, this::create).unkept(),
        Endpoint.get("/api/v1/api-keys", Permission.API_KEYS, this::list),
        Endpoint.delete("/api/v1/api-keys/{id}", Permission.API_KEYS, this::revoke));
  }

  private record NewKey(
      String name,
      Optional<Role> role,
      Optional<String> domain,
      Optional<String> unit,
      Optional<Instant> expiresAt) {}

  private CompletionStage<HttpResponse> create(Call call) {
    return flatMap(
        call.json(),
        body -> {
          Instant now = keys.now();
          NewKey wanted = JsonFields.read(body, fields -> newKey(fields, now));
          ApiKeyText made = ApiKeyText.create(ApiKeyText.idOf(call.commandId()), random);
          ApiKey key =
              new ApiKey(
                  made.id(),
                  wanted.name(),
                  wanted.role().map(Role::wireName).orElse(null),
                  wanted.domain().orElse(null),
                  wanted.unit().orElse(null),
                  made.secretHash(),
                  now,
                  call.caller().actor(),
                  wanted.expiresAt().orElse(null),
                  null);
          return map(keys.store().create(key), isNew -> created(key, made, isNew));
        });
  }

  private static HttpResponse created(ApiKey key, ApiKeyText made, boolean isNew) {
    if (!isNew) {
      throw Problems.of(
              Refusals.ALREADY_EXISTS,
              "This request made the API key '%s' before, and keys are shown once; revoke it and make another with another Idempotency-Key."
                  .formatted(key.id()))
          .refuse();
    }
    return Answers.created("/api/v1/api-keys/" + key.id(), json(key).put("key", made.text()))
        .addHeader(RawHeader.create("Cache-Control", "no-store"));
  }

  private static NewKey newKey(JsonFields fields, Instant now) {
    NewKey key =
        new NewKey(
            fields.string("name", LONGEST_NAME),
            fields.optionalOneOf("role", ROLES),
            fields.optionalId("domain"),
            fields.optionalId("unit"),
            fields.optionalInstant("expiresAt"));
    if (fields.has("role") == fields.has("domain")) {
      fields.refuse("role", "A key is for a role or for a domain: give one of the two.");
    }
    if (!key.domain().map(Identity::isDomainCode).orElse(true)) {
      fields.refuse(
          "domain",
          "Events of '%s' are Twinloop's own; a domain needs another code."
              .formatted(key.domain().get()));
    }
    boolean ofManager = key.role().equals(Optional.of(Role.DEPT_MANAGER));
    if (ofManager != key.unit().isPresent()) {
      fields.refuse(
          "unit",
          "A key of the role dept_manager names the unit it is for, and no other key does.");
    }
    if (key.expiresAt().isPresent() && !key.expiresAt().get().isAfter(now)) {
      fields.refuse("expiresAt", "The key would have expired at " + key.expiresAt().get() + ".");
    }
    return key;
  }

  private CompletionStage<HttpResponse> list(Call call) {
    int limit = call.limit();
    Cursors.TimeAndId after = Cursors.timeAndId(call);
    return map(
        keys.store().list(after.time(), after.id(), limit + 1),
        page ->
            Answers.page(
                page, limit, key -> Cursors.of(key.createdAt(), key.id()), ApiKeyRoutes::json));
  }

  private CompletionStage<HttpResponse> revoke(Call call) {
    String id = call.id("id");
    return map(
        keys.store().revoke(id, keys.now()),
        there -> {
          if (!there) {
            throw Problems.of(Refusals.NOT_FOUND, "There is no API key '" + id + "'.").refuse();
          }
          keys.forget(id);
          return Answers.noContent();
        });
  }

  private static ObjectNode json(ApiKey key) {
    ObjectNode json = Json.object().put("id", key.id()).put("name", key.name());
    put(json, "role", key.role());
    put(json, "domain", key.domain());
    put(json, "unit", key.unit());
    json.put("createdAt", key.createdAt().toString()).put("createdBy", key.createdBy());
    put(json, "expiresAt", key.expiresAt());
    put(json, "revokedAt", key.revokedAt());
    return json;
  }

  private static void put(ObjectNode json, String field, @Nullable Object value) {
    if (value != null) {
      json.put(field, value.toString());
    }
  }
}
