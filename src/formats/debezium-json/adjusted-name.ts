/** How names are made such that Avro takes them: as they are, with `_` for what it does not take, or with its code as `_u002d`. */
export type NameAdjustment = 'none' | 'avro' | 'avro_unicode';

/** A schema's name, whose dots stand between its parts. Debezium's SchemaNameAdjuster, but that two names may become one. */
export const adjustedSchemaName = (name: string, mode: NameAdjustment): string =>
  adjusted(name, mode, /[^\w.]/g, /[^a-z\d.]/gi);

export const adjustedFieldName = (name: string, mode: NameAdjustment): string =>
  adjusted(name, mode, /\W/g, /[^a-z\d]/gi);

const adjusted = (name: string, mode: NameAdjustment, invalid: RegExp, escaped: RegExp): string => {
  switch (mode) {
    case 'none':
      return name;
    case 'avro':
      return name.replace(/^\d/, '_$&').replaceAll(invalid, '_');
    case 'avro_unicode':
      // The underscore begins an escape, so it is escaped too; and so is a first character that is no letter.
      return name.replaceAll(escaped, unicodeEscape).replace(/^[\d.]/, unicodeEscape);
  }
};

const unicodeEscape = (character: string): string => {
  const code = character.charCodeAt(0).toString(16);
  return `_u${code.length <= 2 ? '00' : ''}${code}`;
};
