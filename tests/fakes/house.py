"""A small centre for tests: few people and rooms, each with a reason to be there."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import psycopg

from hub.kit.ids import AccountId, CentreId, DeviceId, RoomId, SeniorId


@dataclass(frozen=True, slots=True)
class House:
    """The ids in the small centre. Each device's password is its id, repeated with a dash and the word `secret`."""

    centre: CentreId = CentreId("jiuquan-road")
    gym: RoomId = RoomId("gym")
    music: RoomId = RoomId("music")
    counselling: RoomId = RoomId("counselling")
    corridor: RoomId = RoomId("corridor")
    wang: SeniorId = SeniorId("s-wang")
    """王奶奶: her daughter may watch; card c-wang."""
    li: SeniorId = SeniorId("s-li")
    """李爷爷: objects to being seen; card c-li."""
    zhang: SeniorId = SeniorId("s-zhang")
    """张奶奶: no relative."""
    wang_button: DeviceId = DeviceId("b-wang")
    li_button: DeviceId = DeviceId("b-li")
    gym_camera: DeviceId = DeviceId("cam-gym")
    music_camera: DeviceId = DeviceId("cam-music")
    gym_sensor: DeviceId = DeviceId("t-gym")
    gym_reader: DeviceId = DeviceId("r-gym")
    music_reader: DeviceId = DeviceId("r-music")
    siren: DeviceId = DeviceId("siren-corridor")
    lamp: DeviceId = DeviceId("lamp-corridor")
    observer: DeviceId = DeviceId("observer")
    zhou: AccountId = AccountId("zhou")
    """周敏, duty social worker, primary."""
    chen: AccountId = AccountId("chen")
    """陈刚, duty social worker, secondary."""
    liu: AccountId = AccountId("liu")
    """刘芳, staff of the centre."""
    sun: AccountId = AccountId("sun")
    """孙丽, lead."""
    admin: AccountId = AccountId("admin")
    daughter: AccountId = AccountId("wang-daughter")
    """王奶奶's daughter: related, consent to live video."""
    stranger: AccountId = AccountId("li-son")
    """李爷爷's son: related to him, consent to live video; nothing of 王奶奶's is his."""


def password_of(device_id: str) -> str:
    """The MQTT password of a device of the small centre."""
    return f"{device_id}-secret"


def load_house(url: str, now: datetime) -> House:
    """Write the small centre into an empty, migrated database: in opening hours, each duty taken for 21 days,
    called by the shipped tiers."""
    house = House()
    day_ago, in_three_weeks = now - timedelta(days=1), now + timedelta(days=21)
    with psycopg.connect(url) as conn:
        conn.execute("INSERT INTO organisation VALUES ('hongtai', '宏泰社工', 'Hongtai Social Work')")
        conn.execute(
            "INSERT INTO centre VALUES ('jiuquan-road', 'hongtai', '酒泉路中心', 'Jiuquan Road Centre', "
            "'兰州市酒泉路 1 号', 'Asia/Shanghai', '08:00', '20:00')"
        )
        for n, (room, name, name_en, kind) in enumerate(
            [
                ("gym", "健身室", "Gym", "gym"),
                ("music", "音乐室", "Music room", "music"),
                ("counselling", "心理咨询室", "Counselling room", "counselling"),
                ("corridor", "走廊", "Corridor", "corridor"),
            ]
        ):
            conn.execute(
                "INSERT INTO room (id, centre_id, name, name_en, type, plan_column, plan_row) "
                "VALUES (%s, 'jiuquan-road', %s, %s, %s, %s, 1)",
                (room, name, name_en, kind, n + 1),
            )
        for senior, name, address_as, address_as_en, card, objects in [
            ("s-wang", "王秀英", "王奶奶", "Grandma Wang", "c-wang", False),
            ("s-li", "李建国", "李爷爷", "Grandpa Li", "c-li", True),
            ("s-zhang", "张桂兰", "张奶奶", "Grandma Zhang", "c-zhang", False),
        ]:
            conn.execute(
                "INSERT INTO senior (id, centre_id, name, address_as, address_as_en, card_token, categories, "
                "objects_to_being_seen) VALUES (%s, 'jiuquan-road', %s, %s, %s, %s, '{empty_nest}', %s)",
                (senior, name, address_as, address_as_en, card, objects),
            )
        for account, role, name, name_en in [
            ("zhou", "social_worker", "周敏", "Zhou Min"),
            ("chen", "social_worker", "陈刚", "Chen Gang"),
            ("liu", "staff", "刘芳", "Liu Fang"),
            ("sun", "lead", "孙丽", "Sun Li"),
            ("admin", "administrator", "管理员", "Administrator"),
            ("wang-daughter", "family", "王女士", "Ms Wang"),
            ("li-son", "family", "李先生", "Mr Li"),
        ]:
            conn.execute(
                "INSERT INTO account (id, centre_id, organisation_id, role, name, name_en, phone) "
                "VALUES (%s, 'jiuquan-road', %s, %s, %s, %s, '13893100000')",
                (account, "hongtai" if role in {"social_worker", "lead"} else None, role, name, name_en),
            )
        for account, senior, kinship in [("wang-daughter", "s-wang", "daughter"), ("li-son", "s-li", "son")]:
            conn.execute(
                "INSERT INTO relation VALUES (%s, %s, %s, %s, 'liu', %s)",
                (f"rel-{account}", account, senior, kinship, day_ago),
            )
            for covers in ("live_video", "whereabouts", "alarms"):
                conn.execute(
                    "INSERT INTO consent VALUES (%s, %s, %s, %s, %s, 'liu', 'zh-CN', '孙丽', '2026-01', NULL, NULL)",
                    (f"con-{account}-{covers}", senior, account, covers, day_ago),
                )
        for device, kind, name, name_en, senior_id, room_id in [
            ("b-wang", "button", "王奶奶的按钮", "Grandma Wang's button", "s-wang", None),
            ("b-li", "button", "李爷爷的按钮", "Grandpa Li's button", "s-li", None),
            ("cam-gym", "camera", "健身室摄像头", "Gym camera", None, "gym"),
            ("cam-music", "camera", "音乐室摄像头", "Music room camera", None, "music"),
            ("t-gym", "sensor", "健身室温度", "Gym sensor", None, "gym"),
            ("r-gym", "card_reader", "健身室读卡器", "Gym card reader", None, "gym"),
            ("r-music", "card_reader", "音乐室读卡器", "Music room card reader", None, "music"),
            ("siren-corridor", "siren", "走廊警铃", "Corridor siren", None, "corridor"),
            ("lamp-corridor", "lamp", "走廊灯", "Corridor lamp", None, "corridor"),
            ("observer", "observer", "观察账号", "Observer", None, None),
        ]:
            conn.execute(
                "INSERT INTO device (id, centre_id, kind, name, name_en, credential_hash) "
                "VALUES (%s, 'jiuquan-road', %s, %s, %s, %s)",
                (
                    device,
                    kind,
                    name,
                    name_en,
                    sha256(password_of(device).encode()).digest(),
                ),
            )
            if kind == "camera":
                conn.execute(
                    "INSERT INTO camera_source VALUES (%s, 'main', 'rtsp', %s)", (device, f"rtsp://127.0.0.1/{device}")
                )
            if senior_id or room_id:
                conn.execute(
                    "INSERT INTO assignment VALUES (%s, %s, %s, %s, %s, NULL)",
                    (f"as-{device}", device, senior_id, room_id, day_ago),
                )
        conn.execute(
            "INSERT INTO called_duty SELECT 'jiuquan-road', applies, duty "
            "FROM unnest(ARRAY['opening_hours', 'out_of_hours']) AS applies, "
            "unnest(ARRAY['primary', 'secondary', 'lead', 'centre_staff']) AS duty "
            "WHERE duty <> 'centre_staff' OR applies = 'opening_hours'"
        )
        for account, duty in [
            ("zhou", "primary"), ("chen", "secondary"), ("liu", "centre_staff"), ("sun", "lead"),
        ]:  # fmt: skip
            conn.execute(
                "INSERT INTO shift VALUES (%s, 'jiuquan-road', %s, %s, %s, %s, NULL)",
                (f"shift-{account}", account, duty, day_ago, in_three_weeks),
            )
    return house
