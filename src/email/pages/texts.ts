/** The words of the pages behind the links in mails. */
interface PageTexts {
  readonly pages: Readonly<Record<PageName, Readonly<Record<'title' | 'intro' | 'button' | 'done', string>>>>;
  readonly password: string;
  readonly show: string;
  /** By the rule for new passwords. */
  readonly rules: Readonly<Record<'composition' | 'length' | 'extension', string>>;
  /** In place of the API's own words, by the rule that is broken; none in English, which the API speaks. */
  readonly refusals: Readonly<Record<string, string>>;
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
        intro: 'It replaces the old one. You will be logged out on every device.',
        button: 'Set the new password',
        done: 'Your password is set. You can log in with it now.',
      },
      'verify-email': {
        title: 'Confirm your email address',
        intro: 'Press the button to confirm that this address is yours.',
        button: 'Confirm the email address',
        done: 'Your email address is confirmed.',
      },
      'accept-invitation': {
        title: 'Choose a password',
        intro: 'Set a password to start using your account.',
        button: 'Set the password',
        done: 'Your account is ready. You can log in with your password now.',
      },
    },
    password: 'Password',
    show: 'Show the password',
    rules: {
      composition:
        'At least 8 characters, with a lower-case and an upper-case letter, a digit and one of @ $ ! % * ? &',
      length: 'At least 15 characters of any kind',
      extension: '',
    },
    refusals: {},
    expired: 'The link may have been used already. Ask for a new one.',
    noToken: 'This link is incomplete. Open the whole link from the mail.',
    unreachable: 'The server could not be reached. Please try again.',
    noScript: 'This page needs JavaScript.',
  },
  de: {
    pages: {
      'reset-password': {
        title: 'Neues Passwort wählen',
        intro: 'Es ersetzt das alte und meldet Sie auf allen Geräten ab.',
        button: 'Neues Passwort speichern',
        done: 'Ihr Passwort wurde gespeichert. Sie können sich jetzt damit anmelden.',
      },
      'verify-email': {
        title: 'E-Mail-Adresse bestätigen',
        intro: 'Klicken Sie auf die Schaltfläche, um zu bestätigen, dass diese Adresse Ihnen gehört.',
        button: 'E-Mail-Adresse bestätigen',
        done: 'Ihre E-Mail-Adresse ist bestätigt.',
      },
      'accept-invitation': {
        title: 'Passwort wählen',
        intro: 'Damit können Sie Ihr Konto benutzen.',
        button: 'Passwort speichern',
        done: 'Ihr Konto ist bereit. Sie können sich jetzt mit Ihrem Passwort anmelden.',
      },
    },
    password: 'Passwort',
    show: 'Passwort anzeigen',
    rules: {
      composition:
        'Mindestens 8 Zeichen, darunter ein Klein- und ein Großbuchstabe, eine Ziffer und eines der Zeichen @ $ ! % * ? &',
      length: 'Mindestens 15 beliebige Zeichen',
      extension: '',
    },
    refusals: {
      required: 'Geben Sie ein Passwort ein.',
      min_length: 'Das Passwort erfüllt die Regel nicht.',
      max_length: 'Das Passwort ist zu lang.',
      weak_password: 'Das Passwort erfüllt die Regel nicht, oder es enthält den Benutzernamen oder die E-Mail-Adresse.',
      common_password: 'Dieses Passwort ist zu verbreitet.',
      too_many_requests: 'Zu viele Versuche. Bitte warten Sie eine Minute.',
    },
    expired: 'Dieser Link ist abgelaufen oder wurde schon benutzt. Bitte fordern Sie einen neuen an.',
    noToken: 'Dieser Link ist unvollständig. Öffnen Sie den ganzen Link aus der E-Mail.',
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
        intro: 'Haga clic en el botón para confirmar que esta dirección es suya.',
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
    password: 'Contraseña',
    show: 'Mostrar la contraseña',
    rules: {
      composition: 'Al menos 8 caracteres, con una minúscula, una mayúscula, una cifra y uno de @ $ ! % * ? &',
      length: 'Al menos 15 caracteres cualesquiera',
      extension: '',
    },
    refusals: {
      required: 'Escriba una contraseña.',
      min_length: 'La contraseña no cumple la regla.',
      max_length: 'La contraseña es demasiado larga.',
      weak_password: 'La contraseña no cumple la regla, o contiene el nombre de usuario o el correo electrónico.',
      common_password: 'Esta contraseña es demasiado común.',
      too_many_requests: 'Demasiados intentos. Espere un minuto.',
    },
    expired: 'Este enlace ha caducado o ya se ha usado. Pida uno nuevo.',
    noToken: 'Este enlace está incompleto. Abra el enlace completo del mensaje.',
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
        title: 'Confirmez votre adresse e‑mail',
        intro: 'Cliquez sur le bouton pour confirmer que cette adresse est à vous.',
        button: 'Confirmer l’adresse e‑mail',
        done: 'Votre adresse e‑mail est confirmée.',
      },
      'accept-invitation': {
        title: 'Choisissez un mot de passe',
        intro: 'Il vous permet d’utiliser votre compte.',
        button: 'Enregistrer le mot de passe',
        done: 'Votre compte est prêt. Vous pouvez maintenant vous connecter avec votre mot de passe.',
      },
    },
    password: 'Mot de passe',
    show: 'Afficher le mot de passe',
    rules: {
      composition:
        'Au moins 8 caractères, dont une minuscule, une majuscule, un chiffre et un caractère parmi @ $ ! % * ? &',
      length: 'Au moins 15 caractères quelconques',
      extension: '',
    },
    refusals: {
      required: 'Saisissez un mot de passe.',
      min_length: 'Le mot de passe ne respecte pas la règle.',
      max_length: 'Le mot de passe est trop long.',
      weak_password: 'Le mot de passe ne respecte pas la règle, ou contient le nom d’utilisateur ou l’adresse e‑mail.',
      common_password: 'Ce mot de passe est trop courant.',
      too_many_requests: 'Trop de tentatives. Veuillez patienter une minute.',
    },
    expired: 'Ce lien a expiré ou a déjà été utilisé. Demandez-en un nouveau.',
    noToken: 'Ce lien est incomplet. Ouvrez le lien entier depuis le message.',
    unreachable: 'Le serveur est injoignable. Veuillez réessayer.',
    noScript: 'Cette page a besoin de JavaScript.',
  },
} as const satisfies Record<string, PageTexts>;
