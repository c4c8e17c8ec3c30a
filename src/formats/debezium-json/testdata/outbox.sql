use golden;
insert into outbox values ('8d3cf2a4-0001-4a3b-9d6e-5f2b1c000001', 'order-placed', 'o-1', 'OrderPlaced', '{"id": 1, "total": 10.5, "big": 9007199254740993, "name": "é \\"q\\"", "tags": ["a", "b"], "none": null, "empty": [], "in": {"x": true, "none": null}}', 1, '2024-05-06 07:08:09.123456'),
 ('8d3cf2a4-0002-4a3b-9d6e-5f2b1c000002', 'order-placed', 'o-2', null, null, 2, null);
start transaction;
insert into outbox values ('8d3cf2a4-0003-4a3b-9d6e-5f2b1c000003', 'customer-moved', 'c 3', 'Moved', '{}', 3, '2024-05-06 07:08:10');
delete from outbox where version = 3;
commit;
update outbox set version = 4 where aggregateid = 'o-1';
delete from outbox where version = 4;
insert into outtexts values (1, 'plain', 'a', 'T', 'not JSON', 1), (2, 'plain', 'b', null, '', null), (3, 'plain', 'c', 'T', null, -3), (4, 'plain', 'd', 'T', '{"a": [1, 2]}', 2147483647);
insert into outbox values ('8d3cf2a4-0004-4a3b-9d6e-5f2b1c000004', 'order-last', 'o-9', 'Last', '{"say": "the last", "list": [{"a": 1}, {"a": 2}], "n": [1.5, 2.25]}', 1, '2024-05-06 07:08:11.5');
insert into outtexts values (5, 'last', 'z', 'T', 'the last', 1);
