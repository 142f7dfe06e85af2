/** The words of the pages behind the links in mails. */
interface PageTexts {
  readonly pages: Readonly<Record<PageName, Readonly<Record<'title' | 'intro' | 'button' | 'done', string>>>>;
  readonly password: string;
  readonly show: string;
  /** By the rule for new passwords. */
  readonly rules: Readonly<Record<'composition' | 'length' | 'extension', string>>;
  readonly expired: string;
  readonly noToken: string;
  readonly unreachable: string;
  readonly noScript: string;
}

export const PAGE_NAMES = ['reset-password', 'verify-email', 'accept-invitation'] as const;

export type PageName = (typeof PAGE_NAMES)[number];

/** By language; the first is the one for clients that read none of them. */
export const PAGE_TEXTS = {
  en: {
    pages: {
      'reset-password': {
        title: 'Choose a new password',
        intro: 'It replaces the old one, and logs you out on every device.',
        button: 'Set the new password',
        done: 'Your password is set. You can log in with it now.',
      },
      'verify-email': {
        title: 'Confirm your email',
        intro: 'Press the button to confirm that this email is yours.',
        button: 'Confirm the email',
        done: 'Your email is confirmed.',
      },
      'accept-invitation': {
        title: 'Choose a password',
        intro: 'With it, your account is ready to use.',
        button: 'Set the password',
        done: 'Your account is ready. You can log in with your password now.',
      },
    },
    password: 'New password',
    show: 'Show the password',
    rules: {
      composition:
        'At least 8 characters, with a lower-case and an upper-case letter, a digit and one of @ $ ! % * ? &',
      length: 'At least 15 characters of any kind',
      extension: '',
    },
    expired: 'It may have been used already. Ask for a new link.',
    noToken: 'This address is incomplete. Open the whole link from the mail.',
    unreachable: 'The server could not be reached. Please try again.',
    noScript: 'This page needs JavaScript.',
  },
  de: {
    pages: {
      'reset-password': {
        title: 'Neues Passwort wählen',
        intro: 'Es ersetzt das alte und meldet Sie auf allen Geräten ab.',
        button: 'Neues Passwort setzen',
        done: 'Ihr Passwort ist gesetzt. Sie können sich jetzt damit anmelden.',
      },
      'verify-email': {
        title: 'E-Mail-Adresse bestätigen',
        intro: 'Drücken Sie den Knopf, um zu bestätigen, dass diese Adresse Ihnen gehört.',
        button: 'E-Mail-Adresse bestätigen',
        done: 'Ihre E-Mail-Adresse ist bestätigt.',
      },
      'accept-invitation': {
        title: 'Passwort wählen',
        intro: 'Damit können Sie Ihr Konto benutzen.',
        button: 'Passwort setzen',
        done: 'Ihr Konto ist bereit. Sie können sich jetzt mit Ihrem Passwort anmelden.',
      },
    },
    password: 'Neues Passwort',
    show: 'Passwort anzeigen',
    rules: {
      composition:
        'Mindestens 8 Zeichen, darunter ein Klein- und ein Großbuchstabe, eine Ziffer und eines von @ $ ! % * ? &',
      length: 'Mindestens 15 beliebige Zeichen',
      extension: '',
    },
    expired: 'Der Link wurde vielleicht schon benutzt. Fordern Sie einen neuen an.',
    noToken: 'Diese Adresse ist unvollständig. Öffnen Sie den ganzen Link aus der E-Mail.',
    unreachable: 'Der Server ist nicht erreichbar. Bitte versuchen Sie es noch einmal.',
    noScript: 'Diese Seite braucht JavaScript.',
  },
  es: {
    pages: {
      'reset-password': {
        title: 'Elija una contraseña nueva',
        intro: 'Sustituye a la anterior y cierra la sesión en todos los dispositivos.',
        button: 'Guardar la contraseña nueva',
        done: 'La contraseña se ha guardado. Ya puede iniciar sesión con ella.',
      },
      'verify-email': {
        title: 'Confirme su correo electrónico',
        intro: 'Pulse el botón para confirmar que esta dirección es suya.',
        button: 'Confirmar el correo electrónico',
        done: 'Su correo electrónico está confirmado.',
      },
      'accept-invitation': {
        title: 'Elija una contraseña',
        intro: 'Con ella podrá usar su cuenta.',
        button: 'Guardar la contraseña',
        done: 'Su cuenta está lista. Ya puede iniciar sesión con su contraseña.',
      },
    },
    password: 'Contraseña nueva',
    show: 'Mostrar la contraseña',
    rules: {
      composition: 'Al menos 8 caracteres, con una minúscula, una mayúscula, una cifra y uno de @ $ ! % * ? &',
      length: 'Al menos 15 caracteres cualesquiera',
      extension: '',
    },
    expired: 'Es posible que el enlace ya se haya usado. Pida uno nuevo.',
    noToken: 'Esta dirección está incompleta. Abra el enlace completo del mensaje.',
    unreachable: 'No se puede conectar con el servidor. Inténtelo de nuevo.',
    noScript: 'Esta página necesita JavaScript.',
  },
  fr: {
    pages: {
      'reset-password': {
        title: 'Choisissez un nouveau mot de passe',
        intro: 'Il remplace l’ancien et vous déconnecte de tous les appareils.',
        button: 'Enregistrer le nouveau mot de passe',
        done: 'Votre mot de passe est enregistré. Vous pouvez maintenant vous connecter.',
      },
      'verify-email': {
        title: 'Confirmez votre adresse e-mail',
        intro: 'Appuyez sur le bouton pour confirmer que cette adresse est à vous.',
        button: 'Confirmer l’adresse e-mail',
        done: 'Votre adresse e-mail est confirmée.',
      },
      'accept-invitation': {
        title: 'Choisissez un mot de passe',
        intro: 'Il vous permet d’utiliser votre compte.',
        button: 'Enregistrer le mot de passe',
        done: 'Votre compte est prêt. Vous pouvez maintenant vous connecter avec votre mot de passe.',
      },
    },
    password: 'Nouveau mot de passe',
    show: 'Afficher le mot de passe',
    rules: {
      composition:
        'Au moins 8 caractères, dont une minuscule, une majuscule, un chiffre et un caractère parmi @ $ ! % * ? &',
      length: 'Au moins 15 caractères quelconques',
      extension: '',
    },
    expired: 'Le lien a peut-être déjà été utilisé. Demandez-en un nouveau.',
    noToken: 'Cette adresse est incomplète. Ouvrez le lien entier depuis le message.',
    unreachable: 'Le serveur est injoignable. Veuillez réessayer.',
    noScript: 'Cette page a besoin de JavaScript.',
  },
} as const satisfies Record<string, PageTexts>;
