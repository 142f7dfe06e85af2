/** A mail as it is sent. */
export interface Mail {
  readonly to: string;
  /** One line. */
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** What it is about, for the name of a file: `password-reset`. */
  readonly kind: string;
}

/** Hands mails on for delivery; also the injection token. */
export abstract class Mailer {
  /** @throws UndeliverableError if the mail is refused for good; any other error is an outage that may end */
  abstract send(mail: Mail): Promise<void>;
}
