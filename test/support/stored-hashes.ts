/**
 * The password whose hashes are below, in the formats of other programs. passlib 1.7.4 and Django 3.2 made them, at low
 * cost; except Django's scrypt (new in 4.0), by Python's hashlib, and argon2 1.0 and four lanes, by the reference
 * implementation.
 */
export const LEGACY_PASSWORD = 'Correct-horse-7-battery!';

export const LEGACY_HASHES: Readonly<Record<string, string>> = {
  argon2i: '$argon2i$v=19$m=512,t=3,p=2$qPWe05qzdm6N8X6vda4Vgg$2ZBzS2CnkXE183U54BIXLQ',
  argon2d: '$argon2d$v=19$m=512,t=3,p=1$2ltrTclZC8GYM+ZcK4XwHg$8ngyxu2dzTttKtUli5cYmA',
  'argon2id with other parameters': '$argon2id$v=19$m=2048,t=2,p=1$ca41Rmgt5byXMkboXQshZA$YfU/gCdpsACU4RWZqmWrhw',
  'argon2id of four lanes, parameters in alphabetical order':
    '$argon2id$v=19$m=512,p=4,t=2$+jsRvuvW65BhiUoHfRhpkA$QE+4OLqu/6FVOJbrEARvQMh21L+rxc/d0MduVXQsWQw',
  'argon2id 1.0': '$argon2id$v=16$m=1024,p=1,t=1$OzJP+TOsjTUWRS6tKstudQ$z4JYr5jy8i+QRqAKznrP4B8zIDyjz6KTrUvgstu8EZo',
  'argon2i 1.0, without a version':
    '$argon2i$m=512,t=3,p=1$1MOpPinzhjTfkgfyVIBrJQ$AtbmB9f18eBUxNhji8fy9dJsKiyS0XXY3XVllsHXRiE',
  'argon2d 1.0': '$argon2d$v=16$m=512,p=1,t=2$bsfG6CCu1F0Srvze1M6N1w$L2F2MrSM++laG7hxtytJyyGYfAnZDJKG0x/S+ZcywME',
  'bcrypt, $2b$': '$2b$05$PesiYYeP2nFWoF.mAmFh2uhOz4v5yMzrdPeabaP1IrbTCV00n5nD6',
  'bcrypt, $2a$': '$2a$05$aCZgOW8KrdnvfAqO/pcngOGOfUAi53s1CR4OWdA93EQ/sQfiFUYf.',
  'bcrypt, $2y$': '$2y$05$X52wlA4rgxTey6HEgPuKWOXgwsMMorq.tqcIiYUca0wuBIgISVbjy',
  'bcrypt, Django': 'bcrypt$$2b$05$abcdefghijklmnopqrstuui/eI3Mu7j7Xk7uKMoVvegkOHLv7ld9W',
  'bcrypt over SHA-256, Django': 'bcrypt_sha256$$2b$05$abcdefghijklmnopqrstuu9zduHm.Dpuv73mPPAHmwuy2KmuyPb2O',
  scrypt: '$scrypt$ln=10,r=8,p=2$7V1LidHa+18rRUiJUUoJoQ$riwmBKMF4J0xV9KEJMM0hMRF9PyAAaAm1/DrOdtsYZ4',
  'scrypt, Django':
    'scrypt$1024$saltysalt$8$2$QlCSrpajPOLn4/k6a6UxXjDY6dqHJzTqSbUUdxkWKQLhSszkqA+/I/ZUVaoXcxYkoApnKWXNYa9oCSv1Ii2BWg==',
  'PBKDF2 over SHA-256': '$pbkdf2-sha256$1000$EUKotVYKQei99z4HQCgFwA$GiuRQbLJWMpwv6VX9/bUodaVOcZ/2yPzt3UpHQetHE0',
  'PBKDF2 over SHA-256, in PHC spelling':
    '$pbkdf2-sha256$i=1000,l=32$EUKotVYKQei99z4HQCgFwA$GiuRQbLJWMpwv6VX9/bUodaVOcZ/2yPzt3UpHQetHE0',
  'PBKDF2 over SHA-512':
    '$pbkdf2-sha512$1000$irHW.r/3HiOE8D7HGKO09g$gNfvHtUllyr0LnnS6mCl/WWXTzqYl6t9oW4x7lWI1rAGnJWl5Bvki3vj0ZIzP/y1okaUbs.jElM8N/xPGCphaA',
  'PBKDF2, Django': 'pbkdf2_sha256$1000$seasalt2$UFU+JM5XAMTYcFdtrAAq9erugu7y2D1I5PrJTd0krt8=',
};
