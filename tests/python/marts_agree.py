"""Figures that two marts show under one meaning are one figure: whoever reads either of them says the same."""

from marts import equal, rows

# What the figure is, the marts that show it, and one row for each pair that has to be one.
SAME = [
    ("再訪率", {"kpi", "web_visit_month"}, """
        select k.month, k.revisit_rate as a, w.return_rate as b
        from (select * from kpi where segment_by = 'all') k join (select * from web_visit_month where medium = 'all') w using (month)"""),
    ("解約率", {"kpi", "contract_churn"}, """
        select k.month, k.fee_churn_rate as a, c.churn_rate_12 as b
        from (select * from kpi where segment_by = 'all') k join (select * from contract_churn where company = 'all') c using (month)"""),
    ("monthly fee in force", {"kpi", "contract_churn"}, """
        select k.month, k.fee_in_force as a, c.fee as b
        from (select * from kpi where segment_by = 'all') k join (select * from contract_churn where company = 'all') c using (month)"""),
    ("subscribers", {"kpi", "contract_churn"}, """
        select k.month, k.subscribers as a, c.persons as b
        from (select * from kpi where segment_by = 'all') k join (select * from contract_churn where company = 'all') c using (month)"""),
    ("F1 to F2", {"order_stage", "error_bar"}, """
        select o.stage as month, o.going_on as a, e.value as b
        from (select * from order_stage where stage = 1) o cross join (select * from error_bar where figure = 'going_on') e"""),
    ("figures of a month", {"kpi", "error_bar"}, """
        select figure || ' of ' || e.month as month, e.value as b, case figure when 'sales_per_person' then k.sales_per_person
            when 'average_purchase' then k.average_purchase when 'purchases_per_year' then k.purchases_per_year when 'churn_rate' then k.churn_rate
            when 'subscription_rate' then k.subscription_rate when 'fee_churn_rate' then k.fee_churn_rate when 'f2_rate' then k.f2_rate
            when 'step_up_rate' then k.step_up_rate when 'revisit_rate' then k.revisit_rate else -1 end as a
        from error_bar e join (select * from kpi where segment_by = 'all') k on k.month = e.month"""),
    ("LTV", {"ltv", "error_bar"}, """
        select figure as month, e.value as b, case figure when 'ltv_sales' then l.sales when 'ltv_profit' then l.profit else l.ratio end as a
        from (select * from error_bar where figure in ('ltv_sales', 'ltv_profit', 'ltv_ratio')) e
        cross join (select avg(cast(ltv_sales as double)) as sales, avg(cast(ltv_profit as double)) as profit,
            sum(gross_value) / nullif(sum(cost), 0) as ratio from ltv) l"""),
    ("リピート率", {"repeat_rate", "error_bar"}, """
        select null as month, e.value as b, r.rate as a from (select * from error_bar where figure = 'repeat_rate') e
        cross join (select cast(sum(repeaters) as double) / sum(buyers) as rate from repeat_rate) r"""),
    ("gifts", {"gift", "gift_month", "customer_profile"}, """
        select null as month, (select sum(gifts_given) from gift) as a, (select sum(gifts) from gift_month) as b
        union all
        select 'customers', (select sum(gifts_given) from gift), (select sum(gifts_given) from customer_profile)"""),
    ("customers", {"customer_profile", "error_bar"}, """
        select null as month, (select cast(count(*) as double) from customer_profile) as a, value as b from error_bar where figure = 'customers'"""),
    ("LTV of buyers and of households", {"ltv", "household_value"}, """
        select null as month, (select sum(ltv_sales) from ltv) as a, (select sum(ltv_sales) from household_value) as b"""),
    ("sales", {"ltv", "kpi"}, """
        select null as month, (select sum(ltv_sales) from ltv) as a, (select sum(sales) from kpi where segment_by = 'all') as b"""),
    ("contacts", {"contact_month", "contact_topic"}, """
        select null as month, (select sum(contacts) from contact_month where split_by = 'all') as a, (select sum(contacts) from contact_topic) as b"""),
    ("points of customers", {"point_account", "customer_profile"}, """
        select null as month, (select sum(balance) from point_account where customer_id is not null) as a, (select sum(points) from customer_profile) as b"""),
    ("visits", {"web_visit", "web_visit_flag", "web_visit_month"}, """
        select month, a, b
        from (select month, visits as a from web_visit_month where medium = 'all') join (select month, visits as b from web_visit_flag where flag = 'all')
        using (month)"""),
    ("stages", {"seven_stages", "customer_profile"}, """
        select null as month, s.stage as a, p.stage as b from seven_stages s join customer_profile p using (customer_id)"""),
]


def check_figures_of_one_meaning_are_one(con, marts):
    wrong, is_small = [], rows(con, "select count(*) as n from golden_customer")[0]["n"] < 1000
    for figure, shown_by, sql in SAME:
        if shown_by <= marts:
            pairs = rows(con, sql)
            assert pairs or is_small, f"{figure}: nothing is compared"
            for pair in pairs:
                if not equal(pair["a"], pair["b"]):
                    wrong.append(f"{figure} {pair['month'] or ''}: {pair['a']} and {pair['b']} in {' and '.join(sorted(shown_by))}")
    assert not wrong, "\n  ".join(wrong)


CHECKS = [check_figures_of_one_meaning_are_one]
