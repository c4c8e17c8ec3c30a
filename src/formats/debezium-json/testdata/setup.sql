create database golden character set utf8mb4;
use golden;
create table types (
 id int primary key, ti tinyint, tiu tinyint unsigned, tb tinyint(1), si smallint, siu smallint unsigned, mi mediumint, miu mediumint unsigned,
 i int, iu int unsigned, bi bigint, biu bigint unsigned, f float, d double, r real, dec2 decimal(10,2), dec10 decimal(30,10), dec0 decimal(20,0) unsigned, dec65 decimal(65,30),
 b1 bit(1), b13 bit(13), b64 bit(64), y year, dt date, tm time, tm3 time(3), tm6 time(6), dtm datetime, dtm3 datetime(3), dtm6 datetime(6),
 ts timestamp null, ts3 timestamp(3) null, ts6 timestamp(6) null, c char(10), vc varchar(200), vl varchar(50) character set latin1, vj varchar(50) character set sjis,
 bn binary(4), vb varbinary(20), tt tinytext, tx text, bl blob, en enum('a','b','é'), st set('x','y','z'), js json, pt point, ge geometry, gs geometry srid 4326, ls linestring, vec vector(3));
insert into types(id, ti, vc, js, dtm6, ts6, en, st, biu, b13, bn, pt) values (1, 1, 'snapshot "one"', '{"a": 1, "b": [1.5, 1e20, null]}', '2024-02-29 01:02:03.000004', '2024-02-29 01:02:03.000004', 'é', 'x,z', 18446744073709551615, b'1000000000101', 'ab', point(1,2)),
 (2, null, null, null, null, null, null, null, null, null, null, null), (3, 3, 'last', null, null, null, 'a', '', 3, 3, '', null);
create table zeros (id int primary key, d date not null, dt datetime not null, dt6 datetime(6) not null, ts timestamp not null, ts6 timestamp(6) not null, y year not null, t time not null, dn date, dtn datetime, tsn timestamp null, dd date not null default '2020-02-02', td timestamp not null default '2001-02-03 04:05:06', ddn date default '2020-02-02');
create table defs (id int primary key, a int default 5, s varchar(10) default 'it''s', d decimal(5,2) default 1.5, f double default 2.5, dt datetime default '2020-01-02 03:04:05', d6 datetime(6) default '2020-01-02 03:04:05.5', ts timestamp null default '2020-01-02 03:04:05', now_ timestamp null default current_timestamp, dnow datetime default now(), da date default '2020-01-02', ti time default '01:02:03', en enum('a','b') default 'b', se set('a','b') default 'a,b', b1 bit(1) default b'1', b8 bit(8) default b'101', bn binary(3) default 'ab', vb varbinary(3) default 'ab', y year default 2020, biu bigint unsigned default 18446744073709551615, ti1 tinyint(1) default 1, js json default (json_object('a',1)), x varchar(40) default (uuid()), fl float default 1.25, ch char(3) default '', tx text default ('q'));
create table nopk (a int, b text);
create table uq (a int not null, b varchar(10) not null, c int, unique key u1 (b, a));
create table uqnull (a int, b varchar(10), unique key u1 (a));
create table uqtwo (a int not null, b int not null, c int not null, unique key z1 (c), unique key a1 (b));
create table comp (c int, a int, b varchar(10), primary key (b, a));
create table `odd-name.t` (`we ird` int primary key, `q"uote\\` varchar(10), `1digit` int, `größe` int);
create table orders(id bigint unsigned primary key auto_increment, customer_id int not null, sku varchar(40) not null, qty int not null, price decimal(12,2) not null, status enum('new','paid','shipped','done'), note varchar(200), created datetime(6), key(customer_id));
insert into orders values (1, 5, 'A', 1, 9.99, 'new', 'n', '2024-01-01 00:00:00');
create table gen (id int primary key, a int, b int generated always as (a + 1) virtual, c int generated always as (a * 2) stored, inv int invisible default 7, k decimal(8,3));
