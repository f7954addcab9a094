-- All marts are on one count of customers.
select * from (
    select (select count(*) from rfm) as rfm, (select count(*) from ltv) as ltv,
           (select coalesce(sum(customers), 0) from decile) as decile, (select coalesce(sum(buyers), 0) from channel_overlap) as overlap,
           (select coalesce(sum(customers), 0) from channel_overlap) as customers, (select count(*) from golden_customer) as golden
) where rfm <> ltv or rfm <> decile or rfm <> overlap or customers <> golden
