// Preloaded into a program under test: its clock is wrong by `?ms=` of this module's URL.
const ms = Number(new URL(import.meta.url).searchParams.get('ms'));
const RightDate = Date;

globalThis.Date = class Date extends RightDate {
  constructor(...parts) {
    if (parts.length === 0) super(RightDate.now() + ms);
    else super(...parts);
  }

  static now() {
    return RightDate.now() + ms;
  }
};
