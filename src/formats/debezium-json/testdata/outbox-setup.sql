use golden;
create table outbox (id char(36) primary key, aggregatetype varchar(255) not null, aggregateid varchar(255) not null, type varchar(255), payload json, version int not null default 1, at datetime(6));
create table outtexts (id bigint primary key, aggregatetype varchar(255) not null, aggregateid varchar(255) not null, type varchar(255), payload text, version int);
