import type { Image, RowImages } from '../core/row-images.ts';
import type { Table } from '../core/table.ts';
import type { Row } from '../core/value.ts';
import { CollectingWriter } from '../protocol/mysql/values/collecting-writer.ts';

/** The row that `write` hands on column by column, null where there is no such image: how tests hold it against `before` and `after`. */
export const writtenRow = (table: Table, images: RowImages, index: number, image: Image): Row | null => {
  if (images[image](index) === null) return null;
  const writer = new CollectingWriter(table);
  images.write(index, image, writer);
  return writer.row();
};
