"""Parts of names of the largest groups of foreigners in Japan, in Latin letters and in katakana, most frequent first. They are the
frequent names of any telephone book, and nobody's. A line is `spelling/other spelling=カナ/ホカノカナ`."""


def read(text):
    """Parts of names: spellings and kana of each."""
    parts = []
    for line in text.split():
        latin, kana = line.split("=")
        parts.append((latin.split("/"), kana.split("/")))
    return parts


NAMES = {
    "vietnam": {
        "family": read("""Nguyễn=グエン/グェン/ニュエン/グエーン Trần=チャン/トラン Lê=レ/レー Phạm=ファム Hoàng/Huỳnh=ホアン/フイン/ホァン Phan=ファン Vũ/Võ=ヴー/ブー/ヴォー
            Đặng=ダン Bùi=ブイ Đỗ=ドー/ド Hồ=ホー Ngô=ゴー/ゴ Dương=ズオン/ユオン Lý=リー Đinh=ディン Trịnh=チン Trương=チュオン Đoàn=ドアン Mai=マイ Đào=ダオ Lương=ルオン"""),
        "middle": read("""Thị=ティ Văn=ヴァン/バン Minh=ミン Đức=ドゥック/ドック Hữu=フー/ヒュー Xuân=スアン Thanh=タイン/タン Quang=クアン/クワン Ngọc=ゴック Thu=トゥー
            Hồng=ホン Công=コン Quốc=クオック/コック Đình=ディン Hoàng=ホアン"""),
        "given": read("""Anh=アイン/アン Hương=フオン/ホン Linh=リン Tuấn=トゥアン/ツアン Hùng=フン Trang=チャン/トラン Nam=ナム Hà=ハー/ハ Thảo=タオ Dũng=ズン/ユン Hải=ハイ
            Lan=ラン Long=ロン Phương=フオン/フォン Thắng=タン Hoa=ホア Cường=クオン Hiếu=ヒエウ/ヒュウ Nga=ガー/ガ Sơn=ソン Yến=イエン Tùng=トゥン Huyền=フエン Mai=マイ
            Đạt=ダット Duy=ズイ/ユイ Ly=リー Khánh=カイン/カン Nhung=ニュン Quân=クアン Vy=ヴィ/ビー Hạnh=ハイン/ハン Trung=チュン Giang=ザン/ジャン Thúy=トゥイ/ツイ Bình=ビン
            Oanh=オアイン Huy=フイ/ヒュイ Phúc=フック Tâm=タム"""),
    },
    "china": {
        "family": read("""Wang/Wong=ワン/オウ Li/Lee=リ/リー Zhang/Chang/Cheung=ジャン/チャン/チョウ Liu/Lau=リウ/リュウ Chen/Chan=チェン/チン/チャン Yang/Yeung=ヤン/ヨウ
            Huang/Wong=ホアン/コウ Zhao/Chao=ジャオ/チョウ Wu/Ng=ウー/ゴ Zhou/Chou/Chow=ジョウ/チョウ/シュウ Xu/Hsu=シュー/ジョ/シュウ Sun=スン/ソン Ma=マー/バ Zhu/Chu=ジュー/シュ
            Hu=フー/コ Guo/Kuo/Kwok=グオ/カク He/Ho=ホー/カ/フー Gao/Kao=ガオ/コウ Lin/Lam=リン Luo/Lo=ルオ/ラ Zheng/Cheng=ジェン/テイ/チェン Liang/Leung=リャン/リョウ
            Xie/Hsieh=シエ/シャ Song/Sung=ソン/ソウ Tang=タン/トウ Deng/Teng=デン/トウ Han=ハン/カン Feng=フェン/フウ Cao/Tsao=ツァオ/ソウ Peng=ポン/ホウ Zeng/Tseng=ゼン/ソウ
            Xiao/Hsiao=シャオ/ショウ Tian/Tien=ティエン/デン Dong/Tung=ドン/トウ Pan=パン/ハン Yuan=ユエン/エン Cai/Tsai=ツァイ/サイ Jiang/Chiang=ジャン/コウ Yu=ユー/ヨ Du/Tu=ドゥー/ト"""),
        "given": read("""Wei=ウェイ/イ Fang=ファン/ホウ Na=ナー/ナ Min=ミン/ビン Jing/Ching=ジン/セイ Li=リー/レイ Qiang/Chiang=チアン/キョウ Lei=レイ/ライ Jun/Chun=ジュン/グン Yang=ヤン/ヨウ
            Yong/Yung=ヨン/ユウ Yan/Yen=イェン/エン Jie/Chieh=ジエ/ケツ Tao=タオ/トウ Ming=ミン/メイ Chao=チャオ/チョウ Hui=フイ/ケイ Xin/Hsin=シン Bo/Po=ボー/ハク Hao=ハオ/コウ
            Xiaoming/Hsiao-ming=シャオミン/ギョウメイ Xiaoyan/Hsiao-yen=シャオイェン/ショウエン Jiahui/Chia-hui=ジアフイ/カケイ Yuxin/Yu-hsin=ユーシン/ウキン Zihan/Tzu-han=ズーハン/シカン
            Haoran=ハオラン/コウゼン Meiling/Mei-ling=メイリン/ビレイ Zhiqiang/Chih-chiang=ジーチアン/シキョウ Lihua/Li-hua=リーホア/レイカ Jianguo/Chien-kuo=ジエングオ/ケンコク
            Tingting=ティンティン/テイテイ Xuan/Hsuan=シュエン/ケン Yifan/I-fan=イーファン/イチボン Wenjie/Wen-chieh=ウェンジエ/ブンケツ Guoqiang/Kuo-chiang=グオチアン/コクキョウ
            Shuang=シュアン/ソウ Ping=ピン/ヘイ Rui/Jui=ルイ/ズイ Chunmei/Chun-mei=チュンメイ/シュンバイ Zhihao/Chih-hao=ジーハオ/シゴウ"""),
    },
    "korea": {
        "family": read("""Kim/Gim=キム Lee/Yi/Rhee=イ/リー Park/Bak/Pak=パク/ボク Choi/Choe=チェ Jung/Jeong/Chung=チョン/ジョン Kang/Gang=カン Cho/Jo=チョ/ジョ Yoon/Yun=ユン
            Jang/Chang=チャン/ジャン Lim/Im=イム/リム Han=ハン Oh=オ/オー Seo/Suh=ソ/ソー Shin/Sin=シン Kwon/Gwon=クォン/クオン Hwang=ファン Ahn/An=アン Song=ソン Ryu/Yoo=リュ/ユ Hong=ホン"""),
        "given": read("""Minjun/Min-jun=ミンジュン Jiwoo/Ji-woo=ジウ Seoyeon/Seo-yeon=ソヨン Youngsoo/Yeong-su=ヨンス Jihoon/Ji-hun=ジフン Minji/Min-ji=ミンジ Hyunwoo/Hyeon-u=ヒョヌ/ヒョンウ
            Eunji/Eun-ji=ウンジ Sungmin/Seong-min=ソンミン Jiyoung/Ji-yeong=ジヨン Dohyun/Do-hyeon=ドヒョン Yuna/Yoona=ユナ Junho/Jun-ho=ジュノ/ジュンホ Soojin/Su-jin=スジン
            Hyejin/Hye-jin=ヘジン Taehyung/Tae-hyeong=テヒョン Sangwoo/Sang-u=サンウ Miyoung/Mi-yeong=ミヨン Donghyun/Dong-hyeon=ドンヒョン Jaehyun/Jae-hyeon=ジェヒョン
            Kyungsoo/Gyeong-su=キョンス Yejin/Ye-jin=イェジン/エジン Hana=ハナ Seunghyun/Seung-hyeon=スンヒョン Eunyoung/Eun-yeong=ウニョン/ウンヨン Jinwoo/Jin-u=ジヌ/ジンウ"""),
    },
    "brazil": {
        "family": read("""Silva=シルバ/シルヴァ Santos=サントス Oliveira=オリベイラ/オリヴェイラ Souza/Sousa=ソウザ/ソーザ Lima=リマ Pereira=ペレイラ/ペレーラ Ferreira=フェレイラ
            Costa=コスタ Rodrigues=ロドリゲス Almeida=アルメイダ Nascimento=ナシメント Alves=アウベス/アルベス Carvalho=カルバリョ/カルヴァーリョ Araújo=アラウージョ Ribeiro=リベイロ
            Barbosa=バルボサ/バルボーザ Gomes=ゴメス Martins=マルティンス/マルチンス Rocha=ロシャ Dias=ジアス/ディアス Moreira=モレイラ Mendes=メンデス Tanaka=タナカ Sato=サトウ/サト
            Yamada=ヤマダ Suzuki=スズキ Watanabe=ワタナベ Nakamura=ナカムラ Cardoso=カルドーゾ/カルドゾ Teixeira=テイシェイラ Freitas=フレイタス Moraes/Morais=モラエス/モライス"""),
        "given": read("""Maria=マリア José=ジョゼ/ホセ Ana=アナ João=ジョアン/ジョアォン Antônio=アントニオ Francisco=フランシスコ Carlos=カルロス Paulo=パウロ Pedro=ペドロ Lucas=ルーカス/ルカス
            Luiz/Luis=ルイス/ルイズ Marcos=マルコス Gabriel=ガブリエル Rafael=ハファエル/ラファエル Daniel=ダニエル Marcelo=マルセロ Bruno=ブルーノ Eduardo=エドゥアルド/エドアルド Felipe=フェリペ
            Rodrigo=ロドリゴ Adriana=アドリアナ Juliana=ジュリアナ Márcia=マルシア Fernanda=フェルナンダ Patrícia=パトリシア Aline=アリーネ/アリネ Sandra=サンドラ Camila=カミラ Amanda=アマンダ
            Bruna=ブルーナ Jéssica=ジェシカ Letícia=レチシア/レティシア Júlia=ジュリア Luciana=ルシアナ Vanessa=バネッサ/ヴァネッサ Mariana=マリアナ Gustavo=グスタボ/グスターヴォ
            Thiago/Tiago=チアゴ/ティアゴ Leonardo=レオナルド Ricardo=リカルド/ヒカルド Akemi=アケミ Kenji=ケンジ Roberto=ロベルト/ホベルト Vitor/Victor=ビトル/ヴィトル"""),
    },
    "nepal": {
        "family": read("""Shrestha=シュレスタ/スレスタ Tamang=タマン Gurung=グルン Thapa=タパ Rai=ライ Magar=マガル Karki=カルキ Adhikari=アディカリ/アデカリ Khadka=カドカ/カトカ
            Sharma=シャルマ K.C./KC=ケーシー/ケシ Poudel/Paudel=ポウデル/パウデル Basnet=バスネット Bhandari=バンダリ Lama=ラマ Subedi=スベディ Maharjan=マハルジャン Chaudhary/Chaudhari=チョウダリ
            Limbu=リンブ Acharya=アチャリャ/アチャルヤ B.K./BK=ビーケー Pun=プン Ghimire=ギミレ Neupane=ネウパネ/ニューパネ Sapkota=サプコタ"""),
        "middle": read("Bahadur=バハドゥル/バハドル Kumar=クマール/クマル Kumari=クマリ Prasad=プラサド/プラサッド Raj=ラジ/ラージ Maya=マヤ Devi=デビ/デヴィ Lal=ラル"),
        "given": read("""Ram=ラム Sita=シタ Krishna=クリシュナ/クリスナ Bishnu/Vishnu=ビシュヌ Hari=ハリ Gita=ギタ/ギーター Suman=スマン Anil=アニル Sunita=スニタ Binod/Vinod=ビノド
            Rajesh=ラジェス/ラジェシュ Prakash=プラカス/プラカシュ Dipak/Deepak=ディパク/デパク Santosh=サントス/サントシュ Manisha=マニサ/マニシャ Sabina=サビナ Bikash/Vikas=ビカス/ビカシュ Nabin=ナビン
            Kiran=キラン Roshan=ロサン/ロシャン Anita=アニタ Sushila=スシラ Ganesh=ガネス/ガネシュ Puja/Pooja=プジャ Sagar=サガル Asmita=アスミタ Niraj=ニラジ Rita=リタ Milan=ミラン Srijana=スリジャナ
            Bibek/Vivek=ビベク Pramila=プラミラ Yam=ヤム Tika=ティカ/チカ"""),
    },
    "philippines": {
        "family": read("""Santos=サントス Reyes=レイエス/レエス Cruz=クルス/クルーズ Bautista=バウティスタ/バウチスタ Ocampo=オカンポ Garcia=ガルシア/ガーシア Mendoza=メンドーサ/メンドサ Torres=トーレス/トレス
            Castillo=カスティーリョ/カスチリョ Flores=フローレス/フロレス Villanueva=ビリャヌエバ/ヴィラヌエバ Ramos=ラモス DelaCruz/Dela-Cruz=デラクルス/デラクルーズ Rivera=リベラ/リヴェラ Aquino=アキノ
            Navarro=ナバロ Mercado=メルカド Fernandez=フェルナンデス Gonzales/Gonzalez=ゴンザレス Lopez=ロペス Perez=ペレス Soriano=ソリアノ Aguilar=アギラル/アギラー Tolentino=トレンティノ Salazar=サラサール
            Pascual=パスクアル Manalo=マナロ Macaraeg=マカラエグ DeLeon/De-Leon=デレオン Magsaysay=マグサイサイ"""),
        "given": read("""Maria=マリア Jose=ホセ Mary=メアリー/マリー Grace=グレース Angelica/Angelika=アンジェリカ John=ジョン/ジヨン Mark=マーク Michael=マイケル Christine/Kristine=クリスティン/クリスチン
            Jennifer=ジェニファー Rose=ローズ/ロセ Joy=ジョイ Ann/Anne=アン Marites=マリテス Rowena=ロウェナ/ロエナ Maricel=マリセル Analyn=アナリン Jocelyn=ジョセリン Lorna=ロルナ Edgar=エドガー/エドガル
            Romeo=ロメオ Rodel=ロデル Jasmine/Jazmin=ジャスミン Princess=プリンセス Angelo=アンジェロ Ronald=ロナルド Arnel=アーネル/アルネル Cristina/Kristina=クリスティーナ/クリスチナ
            Melanie=メラニー Liza/Lisa=リサ/ライザ Teresita=テレシタ Joseph=ジョセフ Paolo=パオロ Rosalie=ロサリー/ロザリー Evelyn=エヴェリン/エベリン Marilou=マリルー"""),
    },
    "english": {
        "family": read("""Smith=スミス Johnson=ジョンソン Williams=ウィリアムズ/ウイリアムス Brown=ブラウン Jones=ジョーンズ/ジョンズ Miller=ミラー Davis=デイビス/デーヴィス Wilson=ウィルソン/ウイルソン
            Anderson=アンダーソン/アンダソン Taylor=テイラー/テーラー Thomas=トーマス/トマス Moore=ムーア Martin=マーティン/マーチン Jackson=ジャクソン White=ホワイト Thompson/Thomson=トンプソン/トムソン
            Harris=ハリス Clark/Clarke=クラーク Lewis=ルイス Robinson=ロビンソン Walker=ウォーカー/ウオーカー Young=ヤング Wright=ライト Scott=スコット Hill=ヒル Green/Greene=グリーン Baker=ベイカー/ベーカー
            Campbell=キャンベル Stewart/Stuart=スチュワート/スチュアート O'Brien=オブライエン MacDonald/McDonald=マクドナルド"""),
        "given": read("""James=ジェームズ/ジェイムス John=ジョン Robert=ロバート Michael=マイケル William=ウィリアム/ウイリアム David=デイビッド/デヴィッド/デービッド Richard=リチャード Joseph=ジョセフ/ジョーゼフ
            Thomas=トーマス/トマス Christopher=クリストファー Daniel=ダニエル Matthew=マシュー/マシュウ Anthony=アンソニー Steven/Stephen=スティーブン/スティーヴン Andrew=アンドリュー/アンドルー
            Mary=メアリー/メリー Jennifer=ジェニファー/ジェニファ Elizabeth=エリザベス Sarah/Sara=サラ/セーラ Emily=エミリー Jessica=ジェシカ Laura=ローラ Catherine/Katherine=キャサリン Anna=アンナ/アナ
            Benjamin=ベンジャミン Samuel=サミュエル Rebecca=レベッカ Peter=ピーター Rachel=レイチェル Kevin=ケビン/ケヴィン Brian/Bryan=ブライアン Nicole=ニコル Alexander=アレクサンダー"""),
    },
}
# Names by which people are called.
SHORT = {
    **{"Michael": "Mike=マイク", "William": "Bill=ビル", "Robert": "Bob=ボブ", "Christopher": "Chris=クリス", "Daniel": "Dan=ダン"},
    **{"Matthew": "Matt=マット", "Anthony": "Tony=トニー", "Steven": "Steve=スティーブ", "Andrew": "Andy=アンディ", "Thomas": "Tom=トム"},
    **{"Jennifer": "Jenny=ジェニー", "Elizabeth": "Liz=リズ", "Jessica": "Jess=ジェス", "Catherine": "Kate=ケイト", "Joseph": "Joe=ジョー"},
    **{"Alexander": "Alex=アレックス", "Benjamin": "Ben=ベン", "Samuel": "Sam=サム", "James": "Jim=ジム", "Rebecca": "Becky=ベッキー"},
    **{"Angelica": "Angel=エンジェル", "Christine": "Tin=ティン", "Eduardo": "Edu=エドゥ", "Gabriel": "Gabi=ガビ", "Rafael": "Rafa=ハファ"},
    **{"Leonardo": "Leo=レオ", "Ricardo": "Rick=リック", "Fernanda": "Nanda=ナンダ", "Patrícia": "Pati=パティ", "Cristina": "Cris=クリス"},
}
# Municipalities in which many foreigners live.
TOWNS = """群馬県邑楽郡大泉町 静岡県浜松市中央区 愛知県豊橋市 愛知県豊田市 三重県鈴鹿市 埼玉県川口市 東京都新宿区 東京都江戸川区 東京都足立区 大阪府大阪市生野区 大阪府東大阪市 兵庫県神戸市中央区
    神奈川県横浜市中区 神奈川県川崎市川崎区 神奈川県愛甲郡愛川町 千葉県船橋市 千葉県松戸市 茨城県常総市 茨城県つくば市 栃木県小山市 群馬県伊勢崎市 群馬県太田市 岐阜県可児市 岐阜県美濃加茂市 滋賀県湖南市
    広島県東広島市 福岡県福岡市東区 沖縄県沖縄市 愛知県小牧市 愛知県名古屋市港区 静岡県磐田市 長野県上田市 東京都大田区 東京都江東区 埼玉県戸田市 北海道札幌市北区""".split()
