package io.twinloop.integrations.outbound;

import io.twinloop.domain.outbound.OutboundMessage;
import jakarta.mail.Message.RecipientType;
import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.internet.AddressException;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Date;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import javax.net.ssl.SSLSocketFactory;
import org.eclipse.angus.mail.smtp.SMTPAddressFailedException;
import org.eclipse.angus.mail.smtp.SMTPSendFailedException;
import org.eclipse.angus.mail.smtp.SMTPSenderFailedException;
import org.jspecify.annotations.Nullable;

/**
 * Sends messages as mail, one connection each. The {@code Message-ID} follows from the message's
 * id, so that a mail server or a reader's program recognises one that goes out again.
 *
 * <p>Nothing that could end a line goes into a header: such a subject or recipient is refused.
 */
final class SmtpTransport implements Transport {

  private static final int CONNECTIONS = 4;
  private static final Duration LONGEST_CONNECT = Duration.ofSeconds(20);
  private static final int LONGEST_REASON = 300;
  private static final Pattern LINE_ENDING = Pattern.compile("[\\p{Cntrl}\\p{Zl}\\p{Zp}]");

  private final SmtpSettings settings;
  private final Session session;
  private final ThreadPoolExecutor threads;

  SmtpTransport(SmtpSettings settings) {
    this(settings, null);
  }

  /**
   * @param trust makes secure connections, null for those that trust what Java trusts
   */
  SmtpTransport(SmtpSettings settings, @Nullable SSLSocketFactory trust) {
    this.settings = settings;
    this.session = Session.getInstance(properties(settings, trust));
    this.threads =
        new ThreadPoolExecutor(
            CONNECTIONS,
            CONNECTIONS,
            30,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            task -> {
              Thread thread = new Thread(task, "smtp");
              thread.setDaemon(true);
              return thread;
            });
    threads.allowCoreThreadTimeOut(true);
  }

  private static Properties properties(SmtpSettings settings, @Nullable SSLSocketFactory trust) {
    String millis = Long.toString(settings.timeout().toMillis());
    boolean tls = settings.security() == SmtpSettings.Security.TLS;
    boolean startTls = settings.security() == SmtpSettings.Security.STARTTLS;
    Properties properties = new Properties();
    properties.put("mail.transport.protocol", "smtp");
    properties.put("mail.smtp.host", settings.host());
    properties.put("mail.smtp.port", Integer.toString(settings.port()));
    properties.put(
        "mail.smtp.connectiontimeout",
        Long.toString(Math.min(LONGEST_CONNECT.toMillis(), settings.timeout().toMillis())));
    properties.put("mail.smtp.timeout", millis);
    properties.put("mail.smtp.writetimeout", millis);
    properties.put("mail.smtp.auth", Boolean.toString(!settings.user().isEmpty()));
    properties.put("mail.smtp.starttls.enable", Boolean.toString(startTls));
    properties.put("mail.smtp.starttls.required", Boolean.toString(startTls));
    properties.put("mail.smtp.ssl.enable", Boolean.toString(tls));
    properties.put("mail.smtp.ssl.checkserveridentity", "true");
    if (trust != null) {
      properties.put("mail.smtp.ssl.socketFactory", trust);
    }
    return properties;
  }

  @Override
  public CompletionStage<Delivery> deliver(OutboundMessage message) {
    if (settings.host().isEmpty()) {
      return CompletableFuture.completedStage(
          new Delivery.NotConfigured(
              "No mail server is configured (twinloop.outbound.smtp.host)."));
    }
    CompletableFuture<Delivery> delivery = new CompletableFuture<>();
    threads.execute(
        () -> {
          if (!delivery.isDone()) { // whom it took too long to get here will send it again
            hand(message, delivery);
          }
        });
    return delivery;
  }

  private void hand(OutboundMessage message, CompletableFuture<Delivery> delivery) {
    try {
      delivery.complete(send(message));
    } catch (RuntimeException e) {
      delivery.completeExceptionally(e);
    }
  }

  private Delivery send(OutboundMessage message) {
    String name = message.recipient() == null ? OutboundConfig.DEFAULT : message.recipient();
    String address = settings.recipients().getOrDefault(name, name);
    if (!address.contains("@")) {
      return new Delivery.NotConfigured(
          "No address is configured for '%s' (twinloop.outbound.smtp.recipients)."
              .formatted(LogTransport.line(name)),
          "No address is configured for this recipient (twinloop.outbound.smtp.recipients).");
    }
    String subject = message.subject() == null ? "" : message.subject().strip();
    if (LINE_ENDING.matcher(address).find() || LINE_ENDING.matcher(subject).find()) {
      return new Delivery.Refused(
          "The subject or the recipient holds a character that ends a line; no header of a mail may.");
    }
    try {
      InternetAddress recipient = new InternetAddress(address, true);
      if (recipient.isGroup()) {
        throw new AddressException("A group is several recipients");
      }
      MimeMessage mail = new Mail(session, messageId(message));
      mail.setFrom(new InternetAddress(settings.from(), true));
      mail.setRecipient(RecipientType.TO, recipient);
      mail.setSubject(subject, StandardCharsets.UTF_8.name());
      mail.setText(message.body(), StandardCharsets.UTF_8.name());
      mail.setSentDate(Date.from(message.at()));
      mail.setHeader("Auto-Submitted", "auto-generated");
      mail.saveChanges();
      hand(mail);
      return new Delivery.Delivered();
    } catch (AddressException e) {
      return new Delivery.Refused(
          "'%s' is no address mail can be sent to.".formatted(LogTransport.line(address)),
          "The recipient is no address mail can be sent to.");
    } catch (MessagingException e) {
      return failure(e);
    }
  }

  private String messageId(OutboundMessage message) {
    String domain = settings.from().substring(settings.from().lastIndexOf('@') + 1);
    return "<" + message.id() + "@" + domain.replace(">", "") + ">";
  }

  private void hand(MimeMessage mail) throws MessagingException {
    try (var transport = session.getTransport()) {
      if (settings.user().isEmpty()) {
        transport.connect();
      } else {
        transport.connect(settings.user(), settings.password().reveal());
      }
      transport.sendMessage(mail, mail.getAllRecipients());
    }
  }

  /** A code of 5xx says "never", RFC 5321, 4.2.1; anything else may end better another time. */
  private static Delivery failure(MessagingException failure) {
    Optional<Reply> reply = reply(failure);
    String sentence =
        "The mail server did not take it: "
            + brief(reply.map(Reply::text).orElseGet(() -> String.valueOf(failure.getMessage())));
    String general =
        "The mail server did not take it (%s)."
            .formatted(
                reply
                    .map(each -> Integer.toString(each.code()))
                    .orElse(failure.getClass().getSimpleName()));
    return reply.isPresent() && reply.get().code() >= 500
        ? new Delivery.Refused(sentence, general)
        : new Delivery.Missed(sentence, general, null);
  }

  private static String brief(String text) {
    String line = LogTransport.line(text);
    return line.length() > LONGEST_REASON ? line.substring(0, LONGEST_REASON) + "…" : line;
  }

  /** What a server answered that it does not take a mail. */
  private record Reply(int code, String text) {}

  /** The reply about the recipient, else the one about the mail. */
  private static Optional<Reply> reply(MessagingException failure) {
    Optional<Reply> found = Optional.empty();
    for (Exception each = failure;
        each instanceof MessagingException current;
        each = current.getNextException()) {
      String text = String.valueOf(current.getMessage());
      if (current instanceof SMTPAddressFailedException address) {
        return Optional.of(new Reply(address.getReturnCode(), text));
      } else if (current instanceof SMTPSendFailedException send) {
        found = Optional.of(new Reply(send.getReturnCode(), text));
      } else if (current instanceof SMTPSenderFailedException sender) {
        found = Optional.of(new Reply(sender.getReturnCode(), text));
      }
    }
    return found;
  }

  /** A mail that keeps its id. */
  private static final class Mail extends MimeMessage {
    private final String id;

    Mail(Session session, String id) {
      super(session);
      this.id = id;
    }

    @Override
    protected void updateMessageID() throws MessagingException {
      setHeader("Message-ID", id);
    }
  }
}
